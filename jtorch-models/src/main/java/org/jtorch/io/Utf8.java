package org.jtorch.io;

import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/// Text as files hold it: strict UTF-8, with or without the byte order mark that programs on Windows write first. The mark
/// is no part of the text.
public final class Utf8 {
  private static final char MARK = '\uFEFF';

  private Utf8() {}

  /// The text of a file.
  ///
  /// @throws CharacterCodingException if it is not UTF-8
  public static String read(Path file) throws IOException {
    return decode(Files.readAllBytes(file));
  }

  /// The text that these bytes are.
  ///
  /// @throws CharacterCodingException if they are not UTF-8
  public static String decode(byte[] bytes) throws CharacterCodingException {
    return withoutMark(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
  }

  /// The text without a byte order mark at its beginning.
  public static String withoutMark(String text) {
    return text.startsWith(String.valueOf(MARK)) ? text.substring(1) : text;
  }

  /// The bytes without a byte order mark at their beginning.
  public static byte[] withoutMark(byte[] text) {
    boolean marked = text.length >= 3 && text[0] == (byte) 0xEF && text[1] == (byte) 0xBB && text[2] == (byte) 0xBF;
    return marked ? Arrays.copyOfRange(text, 3, text.length) : text;
  }

  /// Reads over a byte order mark, if one comes next.
  public static void skipMark(BufferedReader in) throws IOException {
    in.mark(1);
    if (in.read() != MARK) {
      in.reset();
    }
  }

  /// Half a surrogate pair is no text and has no bytes in UTF-8: it becomes U+FFFD, and the rest stays as it is.
  public static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return new String(text.getBytes(UTF_16LE), UTF_16LE);
      }
    }
    return text;
  }
}
