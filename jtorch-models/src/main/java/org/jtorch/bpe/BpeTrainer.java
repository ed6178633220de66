package org.jtorch.bpe;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jtorch.io.DataException;
import org.jtorch.text.ByteAlphabet;
import org.jtorch.text.PreTokenizer;

/// Trains a byte-level BPE vocabulary, the kind of GPT-2, Llama 3 and Qwen.
///
/// Ids: the special tokens first, in the order given, then the 256 bytes, then the merges by age. The result depends
/// on the counts of words only, so the order of texts and the number of threads do not matter.
public final class BpeTrainer {
  /// What to train. The first special token ends a text (see [TrainedBpe#save]).
  ///
  /// @param vocabSize size wanted, special tokens and the 256 bytes included; a small corpus may give less
  /// @param minFrequency pairs seen less often are not merged
  public record Options(int vocabSize, int minFrequency, List<String> specialTokens, PreTokenizer split) {
    public Options {
      specialTokens = List.copyOf(specialTokens);
      int least = 256 + specialTokens.size();
      if (vocabSize < least) {
        throw new IllegalArgumentException("vocabSize is " + vocabSize + " but 256 bytes and " + specialTokens.size()
            + " special tokens already need " + least + "; use for example 8192");
      }
      if (minFrequency < 1) {
        throw new IllegalArgumentException("minFrequency is " + minFrequency + " but must be at least 1; 2 is usual");
      }
      if (new HashSet<>(specialTokens).size() < specialTokens.size() || specialTokens.contains("")) {
        throw new IllegalArgumentException("specialTokens must be different and not empty: " + specialTokens);
      }
    }

    /// Llama 3's splits, pairs seen twice, and one special token that ends a text.
    public static Options of(int vocabSize) {
      return new Options(vocabSize, 2, List.of("<|endoftext|>"), PreTokenizer.LLAMA3);
    }
  }

  private BpeTrainer() {}

  public static TrainedBpe train(Stream<String> texts, Options options) {
    return train(texts.iterator(), options);
  }

  public static TrainedBpe train(Iterable<String> texts, Options options) {
    return train(texts.iterator(), options);
  }

  private static TrainedBpe train(Iterator<String> texts, Options options) {
    Map<String, long[]> counted = WordCounter.count(texts, options.split());
    if (counted.isEmpty()) {
      throw new DataException("cannot train a tokenizer: the texts are empty");
    }
    int specials = options.specialTokens().size();
    int[][] words = new int[counted.size()][];
    long[] counts = new long[counted.size()];
    int w = 0;
    for (var word : counted.entrySet()) {
      words[w] = byteIds(word.getKey(), specials);
      counts[w++] = word.getValue()[0];
    }
    int first = specials + 256;
    var merges = new BpeMerges(words, counts).run(first, options.vocabSize() - first, options.minFrequency());
    return assemble(merges, options);
  }

  private static int[] byteIds(String word, int specials) {
    byte[] bytes = word.getBytes(UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      ids[i] = specials + ByteAlphabet.rank(Byte.toUnsignedInt(bytes[i]));
    }
    return ids;
  }

  private static TrainedBpe assemble(List<BpeMerges.Merge> merges, Options options) {
    var tokens = new ArrayList<String>(options.specialTokens());
    tokens.addAll(ByteAlphabet.sorted());
    var lines = new ArrayList<String>();
    for (var merge : merges) {
      String left = tokens.get(merge.left());
      String right = tokens.get(merge.right());
      lines.add(left + " " + right);
      tokens.add(left + right);
    }
    return new TrainedBpe(tokens, lines, options);
  }
}
