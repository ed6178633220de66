package org.jtorch.jinja;

/// What the backslashes in a string of a template mean: Python's `unicode-escape`.
final class Escapes {
  private Escapes() {}

  /// @throws TemplateException if an escape is cut off or names no character
  static String resolve(String text, int line) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    var out = new StringBuilder();
    for (int i = 0; i < text.length(); ) {
      char c = text.charAt(i);
      i = c == '\\' && i + 1 < text.length() ? escape(text, i + 1, line, out) : plain(c, i, out);
    }
    return out.toString();
  }

  private static int plain(char c, int at, StringBuilder out) {
    out.append(c);
    return at + 1;
  }

  private static int escape(String text, int at, int line, StringBuilder out) {
    char c = text.charAt(at);
    return switch (c) {
      case '\n' -> at + 1;
      case '\\', '\'', '"' -> plain(c, at, out);
      case 'a' -> plain('\u0007', at, out);
      case 'b' -> plain('\b', at, out);
      case 'f' -> plain('\f', at, out);
      case 'n' -> plain('\n', at, out);
      case 'r' -> plain('\r', at, out);
      case 't' -> plain('\t', at, out);
      case 'v' -> plain('\u000b', at, out);
      case 'x' -> hex(text, at, 2, line, out);
      case 'u' -> hex(text, at, 4, line, out);
      case 'U' -> hex(text, at, 8, line, out);
      case 'N' -> named(text, at, line, out);
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(text, at, out);
      default -> plain(c, at, out.append('\\'));
    };
  }

  private static int hex(String text, int at, int digits, int line, StringBuilder out) {
    String number = text.substring(at + 1, Math.min(text.length(), at + 1 + digits));
    if (!number.matches("[0-9a-fA-F]{" + digits + "}") || Long.parseLong(number, 16) > Character.MAX_CODE_POINT) {
      throw new TemplateException(line, "the escape `\\" + text.charAt(at) + number + "` in a string names no character");
    }
    out.appendCodePoint((int) Long.parseLong(number, 16));
    return at + 1 + digits;
  }

  private static int octal(String text, int at, StringBuilder out) {
    int end = at;
    while (end < text.length() && end < at + 3 && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
      end++;
    }
    out.appendCodePoint(Integer.parseInt(text.substring(at, end), 8));
    return end;
  }

  private static int named(String text, int at, int line, StringBuilder out) {
    int end = text.indexOf('}', at);
    if (!text.startsWith("{", at + 1) || end < 0) {
      throw new TemplateException(line, "the escape `\\N` in a string needs the name of a character, as in `\\N{BULLET}`");
    }
    String name = text.substring(at + 2, end);
    try {
      out.appendCodePoint(Character.codePointOf(name));
    } catch (IllegalArgumentException e) {
      throw new TemplateException(line, "no character is called `" + name + "`");
    }
    return end + 1;
  }
}
