package org.jtorch.chat;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Writes a template anew where Jinjava reads an expression otherwise than Jinja does: `not x is defined` negates the
/// test, not `x`; a filter or a sum after `name=` belongs to the value; `[::-1]` reverses. Line ends become `\n`.
final class JinjaSource {
  private static final Pattern TAG = Pattern.compile("\\{[{%].*?[%}]}", Pattern.DOTALL);
  private static final Pattern OUTSIDE_QUOTES = Pattern.compile(
      "'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\"|[^'\"]+", Pattern.DOTALL);
  private static final Pattern NOT_IS = Pattern.compile("\\bnot\\s+([\\w.]+)\\s+is\\s+(?!not\\b)(\\w+)");
  private static final Pattern NAMED = Pattern.compile("\\b(\\w+)=([\\w.]+\\s*\\|\\s*\\w+(?:\\s*[-+]\\s*\\w+)?)(?=\\s*[,)])");
  private static final Pattern REVERSED = Pattern.compile("([\\w.]+)\\[::-1]");

  private JinjaSource() {}

  static String adapt(String source) {
    String lines = source.replace("\r\n", "\n");
    String whole = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    return TAG.matcher(whole).replaceAll(tag -> Matcher.quoteReplacement(
        OUTSIDE_QUOTES.matcher(tag.group()).replaceAll(part -> Matcher.quoteReplacement(expression(part.group())))));
  }

  private static String expression(String part) {
    if (part.startsWith("'") || part.startsWith("\"")) {
      return part;
    }
    String text = NOT_IS.matcher(part).replaceAll("$1 is not $2");
    text = NAMED.matcher(text).replaceAll("$1=($2)");
    return REVERSED.matcher(text).replaceAll("($1|reverse)");
  }
}
