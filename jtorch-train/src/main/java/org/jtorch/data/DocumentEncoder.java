package org.jtorch.data;

import java.util.Arrays;
import java.util.List;
import org.jtorch.text.TextEncoder;
import org.jtorch.text.Tokenizer;

/// Texts as documents of a model: what the tokenizer puts before every text (BOS, where its post-processor adds one), the text
/// as foreign text that never becomes a special token, and the EOS.
///
/// @param begin ids before each text; usually one or none
@SuppressWarnings("ArrayRecordComponent") // goes into documents, never compared
public record DocumentEncoder(Tokenizer tokenizer, TextEncoder texts, long[] begin, long eos) {
  private static final String ANY_TEXT = "a";

  /// @param eosToken a name such as `<|endoftext|>`
  public static DocumentEncoder of(Tokenizer tokenizer, String eosToken) {
    return new DocumentEncoder(tokenizer, tokenizer.textEncoder(), begin(tokenizer), tokenizer.requireId(eosToken));
  }

  /// The ids that the post-processor puts before a text.
  public static long[] begin(Tokenizer tokenizer) {
    long[] whole = tokenizer.encode(ANY_TEXT, true);
    long[] text = tokenizer.encode(ANY_TEXT, false);
    for (int at = 0; at + text.length <= whole.length; at++) {
      if (Arrays.equals(whole, at, at + text.length, text, 0, text.length)) {
        return Arrays.copyOf(whole, at);
      }
    }
    return new long[0];
  }

  /// A text's ids, in the calling thread; may be called by many.
  public long[] encode(String text) {
    return document(texts.encode(text));
  }

  /// The texts' ids, made on all cores.
  List<long[]> encode(List<String> texts) {
    return tokenizer.encodeTexts(texts).stream().map(this::document).toList();
  }

  private long[] document(long[] text) {
    long[] ids = Arrays.copyOf(begin, begin.length + text.length + 1);
    System.arraycopy(text, 0, ids, begin.length, text.length);
    ids[ids.length - 1] = eos;
    return ids;
  }
}
