package org.jtorch.jinja.python;

import org.jtorch.jinja.python.Arguments.Bound;

/// How Python's strings find, count and replace parts, and fill up to a width.
public final class Searching {
  /// What `start` and `end` leave of a string.
  ///
  /// @param start where it begins, in code points
  /// @param beyond whether `start` lies behind the end, where not even the empty string is found
  record Window(String text, int start, boolean beyond) {}

  private Searching() {}

  static Window window(String text, Bound arguments) {
    if (!arguments.has("start") && !arguments.has("end")) {
      return new Window(text, 0, false);
    }
    int size = CodePoints.count(text);
    int start = bound(arguments, "start", 0, size);
    int end = bound(arguments, "end", size, size);
    return new Window(start >= end ? "" : CodePoints.part(text, start, end), start, start > size || end < start);
  }

  private static int bound(Bound arguments, String name, int otherwise, int size) {
    if (arguments.get(name) instanceof Value.None) {
      return otherwise;
    }
    int given = arguments.whole(name, otherwise);
    return given < 0 ? Math.max(0, given + size) : name.equals("end") ? Math.min(given, size) : given;
  }

  /// -1 if the part is not there.
  static int find(Window window, String part, boolean last) {
    int at = window.beyond() ? -1 : last ? window.text().lastIndexOf(part) : window.text().indexOf(part);
    return at < 0 ? -1 : window.start() + window.text().codePointCount(0, at);
  }

  static int count(String text, String part) {
    if (part.isEmpty()) {
      return CodePoints.count(text) + 1;
    }
    int count = 0;
    for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
      count++;
    }
    return count;
  }

  /// `str.replace`.
  ///
  /// @param most how often; negative for always
  public static String replace(String text, String old, String with, int most, Budget budget) {
    budget.searching(text, old);
    int times = most < 0 ? count(text, old) : Math.min(most, count(text, old));
    budget.characters(text.length() + (long) times * with.length());
    var out = new StringBuilder();
    int copied = 0;
    for (int i = 0, at = text.indexOf(old); i < times; i++) {
      out.append(text, copied, at).append(with);
      copied = at + old.length();
      at = old.isEmpty() ? (at < text.length() ? at + Character.charCount(text.codePointAt(at)) : at) : text.indexOf(old, copied);
    }
    return out.append(text, copied, text.length()).toString();
  }

  /// `str.center`, `ljust` and `rjust`.
  ///
  /// @param align `^`, `<` or `>`
  public static String justify(String text, int width, String fill, String align, Budget budget) {
    int missing = Math.max(0, width - CodePoints.count(text));
    budget.characters((long) missing * fill.length());
    int left = switch (align) {
      case "<" -> 0;
      case ">" -> missing;
      default -> missing / 2 + (missing & width & 1);
    };
    return fill.repeat(left) + text + fill.repeat(missing - left);
  }
}
