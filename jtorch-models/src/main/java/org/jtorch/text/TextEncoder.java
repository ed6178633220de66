package org.jtorch.text;

import org.jspecify.annotations.Nullable;

/// Encodes much foreign text: no special token comes out, whatever the text says. The ids are those of [Tokenizer#encodeText]; of
/// byte-level tokenizers they come faster. It lives as long as its tokenizer and may be used from many threads.
public final class TextEncoder {
  private final SpecialFreeTokenizer library;
  private final @Nullable ByteLevelBpe fast;

  TextEncoder(SpecialFreeTokenizer library, @Nullable ByteLevelBpe fast) {
    this.library = library;
    this.fast = fast;
  }

  /// Ids of a text, in the calling thread.
  public long[] encode(String text) {
    long[] ids = fast == null ? null : fast.encode(text);
    return ids == null ? library.encode(text) : ids;
  }
}
