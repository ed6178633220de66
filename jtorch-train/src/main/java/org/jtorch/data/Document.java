package org.jtorch.data;

import org.jtorch.io.Utf8;

/// One text and where it came from: `file:line` or a file name.
///
/// @param text in UTF-16 that UTF-8 can hold: half a surrogate pair (`"\\ud83d"` in JSON) becomes U+FFFD here, so that tokens,
///     counts of bytes and files all mean the same text
public record Document(String text, String source) {
  public Document {
    text = Utf8.wellFormed(text);
  }
}
