package org.jtorch.text;

import java.util.Arrays;

/// Turns a stream of ids into pieces of text for a console or a socket: a piece is handed out only when its last
/// character is complete, since one character may be spread over several byte tokens. The pieces joined are what the ids
/// add to the text before them when all are decoded together.
///
/// Tokens without text (special ones that are left out, ids beyond the vocabulary) count for nothing: what they stand between
/// belongs together, as in [Tokenizer#decode].
///
/// Not for several threads; one decoder per generated text.
public final class StreamDecoder {
  private static final String BROKEN = "\uFFFD";
  /// More tokens than this, each with a byte at least, hold bytes that never become a character.
  private static final int MAX_PENDING = 8;
  /// A character of four bytes can lack its last one after three tokens.
  private static final int MAX_UNFINISHED = 3;

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;
  private long[] window; // ids of the text before, for its context, then the pending ones
  private int pending;

  /// Decodes a text that nothing comes before.
  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    this(tokenizer, skipSpecial, new long[0]);
  }

  /// Decodes what goes on from other ids, a prompt: decoders of the Llama 2 kind drop the space that a text begins with, but
  /// not one that it goes on with.
  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial, long[] prompt) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
    this.window = Arrays.stream(prompt).filter(id -> !tokenizer.isSilent(id, skipSpecial)).toArray();
  }

  /// The text that became certain with this id; often empty in the middle of an emoji.
  public String push(long id) {
    if (tokenizer.isSilent(id, skipSpecial)) {
      return "";
    }
    window = Arrays.copyOf(window, window.length + 1);
    window[window.length - 1] = id;
    pending++;
    if (!newText(pending).endsWith(BROKEN)) {
      return emit(pending);
    }
    return pending < MAX_PENDING ? "" : emit(certain());
  }

  /// What is still held back, at the end of the generation; bytes that are no character come out as U+FFFD.
  public String flush() {
    return emit(pending);
  }

  /// How many of the pending tokens hold text that no later token can change.
  private int certain() {
    String all = newText(pending);
    for (int count = pending - MAX_UNFINISHED; count > 0; count--) {
      if (all.startsWith(newText(count))) {
        return count;
      }
    }
    return 0;
  }

  private String emit(int count) {
    String piece = newText(count);
    if (!piece.isEmpty()) {
      window = Arrays.copyOfRange(window, window.length - pending, window.length);
      pending -= count;
    }
    return piece;
  }

  /// The text of the first pending tokens.
  private String newText(int count) {
    int context = window.length - pending;
    return tokenizer.decodeAfter(Arrays.copyOf(window, context), Arrays.copyOfRange(window, context, context + count), skipSpecial);
  }
}
