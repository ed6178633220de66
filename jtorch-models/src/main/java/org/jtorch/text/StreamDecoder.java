package org.jtorch.text;

import java.util.Arrays;

/// Turns a stream of ids into pieces of text for a console or a socket: a piece is handed out only when its last
/// character is complete, since one character may be spread over several byte tokens.
///
/// Not for several threads; one decoder per generated text.
public final class StreamDecoder {
  /// A character has at most four bytes, so more tokens than this are bytes that never become one.
  private static final int MAX_PENDING = 8;

  private final Tokenizer tokenizer;
  private final boolean skipSpecial;
  private long[] window = new long[0]; // the ids of the last piece, for its context, then the pending ones
  private int pending;
  private String before = "";

  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecial) {
    this.tokenizer = tokenizer;
    this.skipSpecial = skipSpecial;
  }

  /// The text that became certain with this id; often empty in the middle of an emoji.
  public String push(long id) {
    window = Arrays.copyOf(window, window.length + 1);
    window[window.length - 1] = id;
    pending++;
    String text = tokenizer.decode(window, skipSpecial);
    boolean open = text.endsWith("\uFFFD") && pending < MAX_PENDING;
    return open || text.length() <= before.length() ? "" : emit(text);
  }

  /// What is still held back, at the end of the generation; bytes that are no character come out as U+FFFD.
  public String flush() {
    String text = tokenizer.decode(window, skipSpecial);
    return text.length() <= before.length() ? "" : emit(text);
  }

  private String emit(String text) {
    String piece = text.substring(before.length());
    window = Arrays.copyOfRange(window, window.length - pending, window.length);
    pending = 0;
    before = tokenizer.decode(window, skipSpecial);
    return piece;
  }
}
