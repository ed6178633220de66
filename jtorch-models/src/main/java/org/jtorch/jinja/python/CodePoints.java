package org.jtorch.jinja.python;

/// Strings as Python counts them: by code points.
public final class CodePoints {
  private CodePoints() {}

  /// Python's `len(text)`.
  public static int count(String text) {
    return text.codePointCount(0, text.length());
  }

  /// The code points from `start` up to `end`, both within the text.
  public static String part(String text, int start, int end) {
    int from = text.offsetByCodePoints(0, start);
    return text.substring(from, text.offsetByCodePoints(from, end - start));
  }

  public static String reversed(String text) {
    int[] points = text.codePoints().toArray();
    var backwards = new StringBuilder(text.length());
    for (int i = points.length - 1; i >= 0; i--) {
      backwards.appendCodePoint(points[i]);
    }
    return backwards.toString();
  }

  static int compare(String a, String b) {
    int at = 0;
    int common = Math.min(a.length(), b.length());
    while (at < common && a.charAt(at) == b.charAt(at)) {
      at++;
    }
    if (at == common) {
      return Integer.compare(a.length(), b.length());
    }
    return Integer.compare(rank(a.charAt(at)), rank(b.charAt(at)));
  }

  /// Half of a pair stands for a code point above all others.
  private static int rank(char c) {
    return Character.isSurrogate(c) ? c + Character.MAX_VALUE : c;
  }

  /// Python's `str.isspace` of one character, which also `\s` matches.
  public static boolean isSpace(int c) {
    return c >= '\t' && c <= '\r' || c >= 0x1c && c <= ' ' || c == 0x85 || c == 0xa0 || c == 0x1680 || c >= 0x2000 && c <= 0x200a
        || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
  }

  /// Where `str.splitlines` splits.
  static boolean isLineEnd(int c) {
    return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
  }

  /// Whether `repr` writes the character as it is.
  static boolean isPrintable(int c) {
    return c == ' ' || switch (Character.getType(c)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
          Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR -> false;
      default -> true;
    };
  }
}
