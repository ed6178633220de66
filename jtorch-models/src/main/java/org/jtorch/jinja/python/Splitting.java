package org.jtorch.jinja.python;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How Python strips strings and takes them apart.
public final class Splitting {
  private Splitting() {}

  /// `str.strip`, `lstrip` and `rstrip`.
  ///
  /// @param characters which to take away; null for white space
  public static String strip(String text, @Nullable String characters, boolean left, boolean right) {
    int start = 0;
    int end = text.length();
    while (left && start < end && stripped(text.codePointAt(start), characters)) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && end > start && stripped(text.codePointBefore(end), characters)) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(start, end);
  }

  private static boolean stripped(int c, @Nullable String characters) {
    return characters == null ? CodePoints.isSpace(c) : characters.indexOf(c) >= 0;
  }

  /// `str.split` and `rsplit`.
  ///
  /// @param separator null for runs of white space
  /// @param limit how often to split at most; negative for always
  /// @param fromRight whether the last separators count if there are more than `limit`
  static List<String> split(String text, @Nullable String separator, int limit, boolean fromRight) {
    int most = limit < 0 ? Integer.MAX_VALUE : limit;
    if (separator == null) {
      return fromRight ? wordsFromRight(text, most) : words(text, most);
    }
    if (separator.isEmpty()) {
      throw new PythonException("empty separator");
    }
    return fromRight ? partsFromRight(text, separator, most) : parts(text, separator, most);
  }

  private static List<String> parts(String text, String separator, int most) {
    var parts = new ArrayList<String>();
    int from = 0;
    for (int at; parts.size() < most && (at = text.indexOf(separator, from)) >= 0; from = at + separator.length()) {
      parts.add(text.substring(from, at));
    }
    parts.add(text.substring(from));
    return parts;
  }

  private static List<String> partsFromRight(String text, String separator, int most) {
    var parts = new ArrayList<String>();
    int to = text.length();
    for (int at; parts.size() < most && (at = text.lastIndexOf(separator, to - separator.length())) >= 0; to = at) {
      parts.add(text.substring(at + separator.length(), to));
    }
    parts.add(text.substring(0, to));
    Collections.reverse(parts);
    return parts;
  }

  private static List<String> words(String text, int most) {
    var words = new ArrayList<String>();
    int at = skip(text, 0, true);
    while (at < text.length() && words.size() < most) {
      int end = skip(text, at, false);
      words.add(text.substring(at, end));
      at = skip(text, end, true);
    }
    if (at < text.length()) {
      words.add(text.substring(at));
    }
    return words;
  }

  /// The first place from `at` on that is no white space, or that is.
  private static int skip(String text, int at, boolean space) {
    int end = at;
    while (end < text.length() && CodePoints.isSpace(text.charAt(end)) == space) {
      end++;
    }
    return end;
  }

  private static List<String> wordsFromRight(String text, int most) {
    var words = new ArrayList<String>();
    int end = skipBack(text, text.length(), true);
    while (end > 0 && words.size() < most) {
      int start = skipBack(text, end, false);
      words.add(text.substring(start, end));
      end = skipBack(text, start, true);
    }
    if (end > 0) {
      words.add(text.substring(0, end));
    }
    Collections.reverse(words);
    return words;
  }

  private static int skipBack(String text, int at, boolean space) {
    int start = at;
    while (start > 0 && CodePoints.isSpace(text.charAt(start - 1)) == space) {
      start--;
    }
    return start;
  }

  /// `str.splitlines`.
  public static List<String> lines(String text, boolean keepEnds) {
    var lines = new ArrayList<String>();
    int start = 0;
    for (int i = 0; i < text.length(); i++) {
      if (CodePoints.isLineEnd(text.charAt(i))) {
        int next = text.startsWith("\r\n", i) ? i + 2 : i + 1;
        lines.add(text.substring(start, keepEnds ? next : i));
        start = next;
        i = next - 1;
      }
    }
    if (start < text.length()) {
      lines.add(text.substring(start));
    }
    return lines;
  }

  /// `str.partition` and `rpartition`: what is before the separator, the separator, what is behind it.
  static List<String> partition(String text, String separator, boolean last) {
    if (separator.isEmpty()) {
      throw new PythonException("empty separator");
    }
    int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
    if (at < 0) {
      return last ? List.of("", "", text) : List.of(text, "", "");
    }
    return List.of(text.substring(0, at), separator, text.substring(at + separator.length()));
  }
}
