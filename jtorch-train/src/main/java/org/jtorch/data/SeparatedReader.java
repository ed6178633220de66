package org.jtorch.data;

import java.io.IOException;
import java.io.Reader;
import org.jspecify.annotations.Nullable;

/// Reads a text file whose documents stand between separators. A separator and the line breaks around it belong to no
/// document.
final class SeparatedReader implements DocumentReader {
  private final Reader in;
  private final String name;
  private final String separator;
  private final char[] buffer = new char[1 << 13];
  private final StringBuilder text = new StringBuilder();
  private int searched;
  private long line = 1;
  private boolean ended;

  SeparatedReader(Reader in, String name, String separator) {
    this.in = in;
    this.name = name;
    this.separator = separator;
  }

  @Override
  public @Nullable Document next() throws IOException {
    while (!ended || !text.isEmpty()) {
      String place = place();
      String document = cut();
      if (!document.isBlank()) {
        return new Document(document, place);
      }
    }
    return null;
  }

  /// Takes what stands before the next separator, or before the end, off the text.
  private String cut() throws IOException {
    int at;
    while ((at = text.indexOf(separator, searched)) < 0 && !ended) {
      searched = Math.max(0, text.length() - separator.length() + 1);
      int n = in.read(buffer);
      ended = n < 0;
      text.append(buffer, 0, Math.max(0, n));
    }
    int end = at < 0 ? text.length() : at;
    int next = at < 0 ? end : at + separator.length();
    String document = withoutLineBreaks(text.substring(0, end));
    line += text.chars().limit(next).filter(c -> c == '\n').count();
    text.delete(0, next);
    searched = 0;
    return document;
  }

  private static String withoutLineBreaks(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isLineBreak(text.charAt(from))) {
      from++;
    }
    while (to > from && isLineBreak(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isLineBreak(char c) {
    return c == '\n' || c == '\r';
  }

  @Override
  public String place() {
    return name + ":" + line;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
