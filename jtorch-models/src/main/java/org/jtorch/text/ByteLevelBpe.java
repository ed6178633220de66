package org.jtorch.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Byte-level BPE in Java, for much text: the ids of the native library, without the offsets, masks and spellings that it
/// makes for every token, and with words looked up that came before. May be used from many threads.
///
/// It takes text whose characters [CharacterKinds] knows, with words of some length; all other text is for the library.
final class ByteLevelBpe {
  /// Words remembered; those of a language that come again and again are among the first.
  private static final int WORDS = 1 << 16;
  private static final int LONGEST_REMEMBERED = 32;
  private static final int LONGEST_WORD = 512;

  /// The merge of a pair of tokens.
  record Merge(int rank, int id) {}

  /// What a tokenizer's file says.
  ///
  /// @param ids by spelling, see [ByteAlphabet]
  /// @param merges by the ids of the pair, see [#pair]
  /// @param ignoreMerges a word that is a token is that token, however merges would make it
  /// @param composed text is brought into composed form (NFC) first: what is not is for the library
  /// @param added tokens that are found in text before it is split, and with which text is for the library
  record Rules(PreTokenizer split, Map<String, Integer> ids, Map<Long, Merge> merges, boolean ignoreMerges, boolean composed,
      List<String> added) {}

  private final Rules rules;
  private final WordScanner scanner;
  private final int[] byteIds = new int[256];
  private final Map<String, int[]> words = new ConcurrentHashMap<>();

  ByteLevelBpe(Rules rules) {
    this.rules = rules;
    this.scanner = new WordScanner(rules.split);
    for (int b = 0; b < byteIds.length; b++) {
      byteIds[b] = rules.ids.getOrDefault(ByteAlphabet.spell(new byte[] {(byte) b}), -1);
    }
  }

  static long pair(int left, int right) {
    return (long) left << 32 | right;
  }

  /// A text's ids, or null if it is for the library.
  long @Nullable [] encode(String text) {
    if (!CharacterKinds.knows(text) || rules.added.stream().anyMatch(text::contains)
        || (rules.composed && !Normalizer.isNormalized(text, Normalizer.Form.NFC))) {
      return null;
    }
    long[] ids = new long[16 + text.length() / 3];
    int count = 0;
    for (int at = 0, end; at < text.length(); at = end) {
      end = scanner.end(text, at);
      int[] word = word(text.substring(at, end));
      if (word == null) {
        return null;
      }
      if (count + word.length > ids.length) {
        ids = Arrays.copyOf(ids, 2 * ids.length + word.length);
      }
      for (int id : word) {
        ids[count++] = id;
      }
    }
    return Arrays.copyOf(ids, count);
  }

  private int @Nullable [] word(String word) {
    int[] known = words.get(word);
    if (known != null) {
      return known;
    }
    byte[] bytes = word.getBytes(UTF_8);
    int[] ids = bytes.length > LONGEST_WORD ? null : merged(bytes);
    if (ids != null && word.length() <= LONGEST_REMEMBERED && words.size() < WORDS) {
      words.put(word, ids);
    }
    return ids;
  }

  /// Merges the pair of the lowest rank, the first of several, until there is none.
  private int @Nullable [] merged(byte[] bytes) {
    if (rules.ignoreMerges && rules.ids.get(ByteAlphabet.spell(bytes)) instanceof Integer whole) {
      return new int[] {whole};
    }
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = byteIds[Byte.toUnsignedInt(bytes[i])];
      if (ids[i] < 0) {
        return null;
      }
    }
    int count = ids.length;
    while (true) {
      Merge best = null;
      int at = 0;
      for (int i = 0; i + 1 < count; i++) {
        Merge merge = rules.merges.get(pair(ids[i], ids[i + 1]));
        if (merge != null && (best == null || merge.rank < best.rank)) {
          best = merge;
          at = i;
        }
      }
      if (best == null) {
        return Arrays.copyOf(ids, count);
      }
      ids[at] = best.id;
      System.arraycopy(ids, at + 2, ids, at + 1, --count - at - 1);
    }
  }
}
