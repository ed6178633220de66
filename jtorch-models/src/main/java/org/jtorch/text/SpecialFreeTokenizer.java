package org.jtorch.text;

import java.util.Map;

/// A tokenizer of the same ids that knows the special tokens under secret names only: text that was not made with those
/// names cannot produce one. It lives as long as the [Tokenizer] it comes from and may be used from many threads.
public final class SpecialFreeTokenizer {
  private final NativeTokenizer tokenizer;
  private final Map<String, String> secretNames;

  SpecialFreeTokenizer(NativeTokenizer tokenizer, Map<String, String> secretNames) {
    this.tokenizer = tokenizer;
    this.secretNames = Map.copyOf(secretNames);
  }

  /// The secret names by the names that the tokenizer's file gives; who writes them into a text means the tokens.
  public Map<String, String> secretNames() {
    return secretNames;
  }

  /// Ids of a text, without what a post-processor adds.
  public long[] encode(String text) {
    return tokenizer.encode(text, false);
  }

  /// As [#encode], with the part of the text that each token stands for.
  public TokenSpans encodeWithSpans(String text) {
    return tokenizer.encodeWithSpans(text);
  }

  NativeTokenizer tokenizer() {
    return tokenizer;
  }
}
