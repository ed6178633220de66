package org.jtorch.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jtorch.jinja.Token.Kind;
import org.jtorch.jinja.python.CodePoints;
import org.jtorch.jinja.python.Splitting;

/// Takes a template apart, with `trim_blocks` and `lstrip_blocks` as transformers sets them: a line break right behind `%}` or
/// `#}` goes, and so do blanks between the beginning of a line and `{%` or `{#`.
final class Lexer {
  private static final Pattern RAW = Pattern.compile("\\{%[-+]?\\s*raw\\s*(?:-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%}|-%}\\s*|%}\\n?)",
      Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOAT = Pattern.compile(
      "(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
  private static final Pattern INTEGER = Pattern.compile(
      "0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
  private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}<>=.:|,;]");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private final Deque<Character> open = new ArrayDeque<>();
  private int at;
  private int line = 1;
  private boolean lineStarts = true;

  private Lexer(String source) {
    String lines = source.replace("\r\n", "\n").replace('\r', '\n');
    this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
  }

  /// @throws TemplateException if something is not closed or has no meaning
  static List<Token> tokens(String source) {
    var lexer = new Lexer(source);
    while (lexer.at < lexer.source.length()) {
      lexer.next();
    }
    lexer.add(Kind.END, "");
    return lexer.tokens;
  }

  private void next() {
    int begin = begin();
    if (begin < 0) {
      data(source.length(), false, ' ');
      at = source.length();
      return;
    }
    char kind = source.charAt(begin + 1);
    char sign = begin + 2 < source.length() ? source.charAt(begin + 2) : ' ';
    data(begin, kind != '{', sign);
    if (kind == '%' && raw(begin)) {
      return;
    }
    move(begin + (sign == '-' || sign == '+' ? 3 : 2));
    switch (kind) {
      case '#' -> comment();
      case '%' -> inside(Kind.BLOCK_BEGIN, "%}", Kind.BLOCK_END);
      default -> inside(Kind.VARIABLE_BEGIN, "}}", Kind.VARIABLE_END);
    }
  }

  /// Where the next `{{`, `{%` or `{#` stands; -1 for nowhere.
  private int begin() {
    for (int i = source.indexOf('{', at); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
      if ("{%#".indexOf(source.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  /// The text up to a tag, without the blanks that the tag's sign or `lstrip_blocks` takes away.
  private void data(int end, boolean stripsLine, char sign) {
    String text = source.substring(at, end);
    int lineStart = text.lastIndexOf('\n') + 1;
    if (sign == '-') {
      text = Splitting.strip(text, null, false, true);
    } else if (stripsLine && sign != '+' && (lineStart > 0 || lineStarts)
        && text.substring(lineStart).codePoints().allMatch(CodePoints::isSpace)) {
      text = text.substring(0, lineStart);
    }
    if (!text.isEmpty()) {
      add(Kind.DATA, text);
    }
    move(end);
  }

  private boolean raw(int begin) {
    Matcher raw = RAW.matcher(source).region(begin, source.length());
    if (!raw.lookingAt()) {
      return false;
    }
    move(raw.end());
    Matcher end = END_RAW.matcher(source);
    if (!end.find(at)) {
      throw new TemplateException(line, "`{% raw %}` is never closed by `{% endraw %}`");
    }
    data(end.start(), true, end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0));
    move(end.end());
    return true;
  }

  private void comment() {
    int end = source.indexOf("#}", at);
    if (end < 0) {
      throw new TemplateException(line, "the comment `{#` is never closed by `#}`");
    }
    char sign = end > at ? source.charAt(end - 1) : ' ';
    close(end, sign, true);
  }

  /// Behind the end of a tag: all blanks after `-`, one line break if the tag trims.
  private void close(int end, char sign, boolean trims) {
    int next = end + 2;
    if (sign == '-') {
      while (next < source.length() && CodePoints.isSpace(source.charAt(next))) {
        next++;
      }
    } else if (trims && sign != '+' && source.startsWith("\n", next)) {
      next++;
    }
    move(next);
  }

  private void inside(Kind begin, String end, Kind closes) {
    int beginLine = line;
    add(begin, "");
    while (at < source.length()) {
      char c = source.charAt(at);
      boolean signed = (c == '-' || c == '+' && closes == Kind.BLOCK_END) && source.startsWith(end, at + 1);
      if (open.isEmpty() && (signed || source.startsWith(end, at))) {
        add(closes, "");
        close(signed ? at + 1 : at, signed ? c : ' ', closes == Kind.BLOCK_END);
        return;
      }
      if (CodePoints.isSpace(c)) {
        move(at + 1);
      } else {
        word(c);
      }
    }
    throw new TemplateException(beginLine, "`" + begin.words + "` is never closed by `" + end + "`");
  }

  private void word(char c) {
    if (c == '\'' || c == '"') {
      string(c);
    } else if (!matched(FLOAT, Kind.FLOAT) && !matched(INTEGER, Kind.INTEGER) && !name() && !matched(OPERATOR, Kind.OPERATOR)) {
      throw new TemplateException(line, "unexpected character `" + Character.toString(source.codePointAt(at)) + "`");
    }
  }

  private boolean matched(Pattern pattern, Kind kind) {
    Matcher m = pattern.matcher(source).region(at, source.length()).useTransparentBounds(true);
    if (!m.lookingAt()) {
      return false;
    }
    if (kind == Kind.OPERATOR) {
      balance(m.group().charAt(0));
    }
    add(kind, m.group());
    move(m.end());
    return true;
  }

  /// A tag cannot end inside brackets.
  private void balance(char c) {
    switch (c) {
      case '(' -> open.push(')');
      case '[' -> open.push(']');
      case '{' -> open.push('}');
      case ')', ']', '}' -> {
        if (open.isEmpty() || open.pop() != c) {
          throw new TemplateException(line, "unexpected `" + c + "`, which closes nothing that is open here");
        }
      }
      default -> { }
    }
  }

  private boolean name() {
    int end = at;
    while (end < source.length() && (source.charAt(end) == '_' || isNamePart(source.codePointAt(end)))) {
      end += Character.charCount(source.codePointAt(end));
    }
    if (end == at) {
      return false;
    }
    add(Kind.NAME, source.substring(at, end));
    move(end);
    return true;
  }

  private static boolean isNamePart(int c) {
    return Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw new TemplateException(line, "the string that begins with `" + source.substring(at, Math.min(at + 20, source.length()))
          + "` has no end");
    }
    add(Kind.STRING, Escapes.resolve(source.substring(at + 1, end), line));
    move(end + 1);
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void move(int to) {
    line += (int) source.substring(at, to).chars().filter(c -> c == '\n').count();
    lineStarts = to > at ? source.charAt(to - 1) == '\n' : lineStarts;
    at = to;
  }
}
