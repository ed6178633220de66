package org.jtorch.align.check;

import java.util.List;
import java.util.regex.Pattern;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// 1 for an answer that comes to the solution's result, else 0: what stands behind the last `####` (GSM8K, arXiv:2110.14168), in the last
/// `\boxed{}` (MATH, arXiv:2103.03874), or else the last number of the text, in the solution as in the answer.
///
/// Numbers are compared by value, so that `0.5`, `1/2` and `\frac{1}{2}` are equal, and `$1,200.` is `1200`; other results letter by
/// letter, but for white space and signs that only change how LaTeX looks.
///
/// @param marked an answer needs `####` or `\boxed{}`; the last number does not count as its result
public record MathAnswer(boolean marked) implements Reward {
  private static final Pattern MARK = Pattern.compile("####[ \\t]*([^\\n]*)");
  private static final Pattern NUMBER = Pattern.compile(
      "(?<![\\w.])[+-]?\\$?(?:\\d{1,3}(?:,\\d{3})+|\\d{1,60})(?:\\.\\d{1,60})?(?:/\\d{1,60})?|(?<![\\w.])[+-]?\\.\\d{1,60}");
  private static final Pattern LOOKS = Pattern.compile("\\\\(?:left|right|,|;|!|\\s)|\\s|\\^\\\\circ|\\^\\{\\\\circ\\}|\\$");
  private static final Pattern TEXT = Pattern.compile("\\\\(?:text|mathrm|textbf|mbox)\\{([^{}]*)\\}");
  /// A word of a sentence, not one of LaTeX.
  private static final Pattern WORD = Pattern.compile("(?<![\\\\{\\p{L}])\\p{L}{2,}");
  private static final int LONGEST = 200;
  private static final String BOX = "\\boxed{";

  @Override public double[] of(List<Answer> answers) {
    return Judging.bySolution(answers, (answer, solution) -> same(result(answer, marked), result(solution, false)));
  }

  /// The result of a text; empty if it has none.
  static String result(String text, boolean marked) {
    String box = lastBox(text);
    if (!box.isEmpty()) {
      return box;
    }
    String found = last(MARK, text, 1).strip();
    if (!found.isEmpty() || marked) {
      return found;
    }
    String whole = text.length() > LONGEST ? "" : text.strip();
    found = whole.isEmpty() || WORD.matcher(TEXT.matcher(whole).replaceAll("")).find() ? last(NUMBER, text, 0) : "";
    return found.isEmpty() ? whole : found;                                   // `(3, \\frac{\\pi}{2})` or `x+1` by itself
  }

  private static String last(Pattern pattern, String text, int group) {
    String found = "";
    for (var m = pattern.matcher(text); m.find(); ) {
      found = m.group(group);
    }
    return found;
  }

  /// What stands in the last box, whatever braces it holds.
  private static String lastBox(String text) {
    int from = text.lastIndexOf(BOX);
    int depth = 1;
    for (int i = from + BOX.length(); from >= 0 && i < text.length(); i++) {
      depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
      if (depth == 0) {
        return text.substring(from + BOX.length(), i).strip();
      }
    }
    return "";
  }

  /// The result of a text in a form that equal results share: for votes.
  public static String key(String text) {
    String result = result(text, false);
    return Fraction.read(result).map(f -> f.numerator() + "/" + f.denominator()).orElse(plain(result));
  }

  private static boolean same(String answer, String solution) {
    if (answer.isEmpty() || solution.isEmpty()) {
      return false;
    }
    var a = Fraction.read(answer);
    var b = Fraction.read(solution);
    return a.isPresent() && b.isPresent() ? a.equals(b) : plain(answer).equals(plain(solution));
  }

  private static String plain(String result) {
    return LOOKS.matcher(TEXT.matcher(result.replaceAll("\\\\[dt]frac", "\\\\frac")).replaceAll("$1")).replaceAll("").replaceFirst("\\.$", "");
  }
}
