package org.jtorch.recipes.report;

import java.util.Locale;

/// Text for HTML and SVG.
final class Markup {
  private Markup() {}

  /// A page that needs nothing else.
  static String page(String title, String body) {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        + "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" + escape(title)
        + "</title>\n<style>\n" + ReportStyle.COLOURS + ReportStyle.CHART + ReportStyle.PAGE
        + "</style>\n</head>\n<body>\n<main>\n" + body
        + "<footer>Written by JTorch from metrics.jsonl</footer>\n</main>\n</body>\n</html>\n";
  }

  /// Safe between tags and inside quoted attributes; characters that XML forbids become the replacement character.
  static String escape(String text) {
    var out = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(c -> {
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        default -> out.appendCodePoint(allowed(c) ? c : 0xFFFD);
      }
    });
    return out.toString();
  }

  private static boolean allowed(int c) {
    boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    boolean surrogate = c >= 0xD800 && c <= 0xDFFF;
    return !control && !surrogate && c != 0xFFFE && c != 0xFFFF;
  }

  /// A coordinate: one decimal is a tenth of a pixel.
  static String px(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
