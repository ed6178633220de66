package org.jtorch.text;

import java.io.IOException;
import java.util.regex.Pattern;

/// Refuses regular expressions whose search can take more steps than the native library allows (ten million a match, then it
/// panics) or whose compilation can take more memory than there is: many repetitions of what is itself of variable length or has
/// alternatives, two unbounded repetitions in a row with something behind them that must match, repetitions that
/// unfold to more than ten thousand parts. Published tokenizers have none of these.
///
/// Only the shape of an expression is read; whether it is one is the library's to say.
final class RegexGuard {
  private static final int MOST_UNBOUNDED = 2;
  /// As often may be repeated what has alternatives.
  private static final int FEW = 4;
  private static final long MOST_PARTS = 10_000;
  private static final Pattern GROUP_HEAD = Pattern.compile("\\?(?:(<?[=!])|<\\w+>|'\\w+'|>|[a-zA-Z-]*:)");
  private static final Pattern INTERVAL = Pattern.compile("\\{(\\d{0,9})(,?)(\\d{0,9})\\}");
  private final String regex;
  private int at;

  /// What an expression, or a part of it, can do.
  ///
  /// @param unbounded repetitions without an end, or of alternatives, one after another
  /// @param variable whether it matches texts of different lengths
  /// @param choice whether it has alternatives
  /// @param optional whether what comes next may go on without it
  /// @param empty whether it may match the empty text
  /// @param parts once its repetitions are unfolded
  private record Shape(int unbounded, boolean variable, boolean choice, boolean optional, boolean empty, long parts) {
    static final Shape NOTHING = new Shape(0, false, false, true, true, 0);
    static final Shape ONE = new Shape(0, false, false, false, false, 1);
    static final Shape PLACE = new Shape(0, false, false, false, true, 1);

    Shape then(Shape next) {
      return new Shape(unbounded + next.unbounded, variable || next.variable, choice || next.choice, optional && next.optional,
          empty && next.empty, parts + next.parts);
    }

    Shape or(Shape other) {
      return new Shape(Math.max(unbounded, other.unbounded), true, true, optional || other.optional, empty || other.empty,
          parts + other.parts);
    }
  }

  private RegexGuard(String regex) {
    this.regex = regex;
  }

  /// Returns whether the expression may match the empty text.
  ///
  /// @throws IOException naming the part that is refused
  static boolean check(String regex) throws IOException {
    var guard = new RegexGuard(regex);
    boolean empty = guard.alternatives(0).empty;
    while (guard.at < regex.length()) {
      guard.at++;                                                  // a bracket that nothing opened
      var _ = guard.alternatives(0);
    }
    return empty;
  }

  private Shape alternatives(int depth) throws IOException {
    if (depth > 50) {
      throw new IOException("is nested more than 50 deep");
    }
    Shape all = sequence(depth);
    while (at < regex.length() && regex.charAt(at) == '|') {
      at++;
      all = all.or(sequence(depth));
    }
    return all;
  }

  private Shape sequence(int depth) throws IOException {
    Shape all = Shape.NOTHING;
    while (at < regex.length() && regex.charAt(at) != '|' && regex.charAt(at) != ')') {
      int start = at;
      Shape one = repeated(part(depth), start);
      if (all.unbounded >= MOST_UNBOUNDED && (!one.optional || one.unbounded > 0)) {
        throw new IOException("repeats without an end " + MOST_UNBOUNDED + " times in a row before " + shown(start));
      }
      all = all.then(one);
      if (all.parts > MOST_PARTS) {
        throw new IOException("unfolds to more than " + MOST_PARTS + " parts, up to " + shown(start));
      }
    }
    return all;
  }

  private Shape part(int depth) throws IOException {
    char c = regex.charAt(at++);
    switch (c) {
      case '\\' -> {
        return escape();
      }
      case '[' -> {
        charClass();
        return Shape.ONE;
      }
      case '(' -> {
        if (regex.startsWith("?#", at)) {
          at = Math.max(at, regex.indexOf(')', at));
          close();
          return Shape.NOTHING;
        }
        var head = GROUP_HEAD.matcher(regex).region(at, regex.length());
        boolean around = head.lookingAt() && head.group(1) != null;
        at = head.lookingAt() ? head.end() : at;
        Shape inner = alternatives(depth + 1);
        close();
        return around ? new Shape(inner.unbounded, inner.variable, inner.choice, false, true, inner.parts) : inner;
      }
      case '^', '$' -> {
        return Shape.PLACE;
      }
      default -> {
        return Shape.ONE;
      }
    }
  }

  private Shape escape() throws IOException {
    char c = at < regex.length() ? regex.charAt(at++) : '\\';
    if (c == 'g' || c == 'k' || (c >= '1' && c <= '9')) {
      throw new IOException("refers back to a group with \\" + c);
    }
    if (at < regex.length() && regex.charAt(at) == '{' && "pPxo".indexOf(c) >= 0) {
      at = Math.max(at, regex.indexOf('}', at) + 1);
    }
    return "bBAzZG".indexOf(c) >= 0 ? Shape.PLACE : Shape.ONE;
  }

  private void charClass() {
    for (int open = 1; at < regex.length() && open > 0; at++) {
      char c = regex.charAt(at);
      at += c == '\\' ? 1 : 0;
      open += c == '[' ? 1 : c == ']' ? -1 : 0;
    }
  }

  private void close() {
    at = Math.min(regex.length(), at + 1);
  }

  /// The part with the repetitions that follow it.
  private Shape repeated(Shape part, int start) throws IOException {
    Shape all = part;
    while (at < regex.length()) {
      int[] range = range();
      if (range.length == 0) {
        return all;
      }
      boolean ways = range[1] > 1 && (all.variable || all.choice);           // more than one to match the same text
      if (ways && (range[1] > FEW || all.unbounded > 0)) {
        throw new IOException("repeats " + shown(start) + ", which is itself of variable length or has alternatives");
      }
      boolean unbounded = range[1] == Integer.MAX_VALUE;
      all = new Shape(all.unbounded + (unbounded || ways ? 1 : 0), all.variable || range[0] != range[1], all.choice,
          all.optional || range[0] == 0,
          all.empty || range[0] == 0, Math.max(1, all.parts) * (unbounded ? Math.max(1, range[0]) : Math.max(1, range[1])));
    }
    return all;
  }

  /// Least and most of the repetition that stands here, lazy or possessive or not; empty if there is none.
  private int[] range() {
    char c = regex.charAt(at);
    int[] range = switch (c) {
      case '*' -> new int[] {0, Integer.MAX_VALUE};
      case '+' -> new int[] {1, Integer.MAX_VALUE};
      case '?' -> new int[] {0, 1};
      default -> new int[0];
    };
    if (c == '{') {
      var interval = INTERVAL.matcher(regex).region(at, regex.length());
      if (!interval.lookingAt() || interval.end() - at <= 2 || interval.group().equals("{,}")) {
        return new int[0];
      }
      int least = number(interval.group(1), 0);
      int most = interval.group(2).isEmpty() ? least : number(interval.group(3), Integer.MAX_VALUE);
      at = interval.end();
      range = new int[] {Math.min(least, most), Math.max(least, most)};
    } else if (range.length > 0) {
      at++;
    }
    if (range.length > 0 && at < regex.length() && (regex.charAt(at) == '?' || (regex.charAt(at) == '+' && c != '{'))) {
      at++;                                                        // lazy, possessive
    }
    return range;
  }

  private static int number(String digits, int ifNone) {
    return digits.isEmpty() ? ifNone : Integer.parseInt(digits);
  }

  private String shown(int start) {
    return "`" + regex.substring(start, at) + "`";
  }
}
