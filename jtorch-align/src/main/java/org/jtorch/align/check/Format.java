package org.jtorch.align.check;

import java.util.List;
import java.util.regex.Pattern;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// 1 for an answer whose whole text has the form of a regular expression, else 0; NaN where the expression takes too long to tell, because
/// it tries the same text over and over, as `(a+)+b` does.
public record Format(Pattern pattern) implements Reward {
  private static final long READS = 20_000_000;

  /// @param regex in which a dot is any character, line breaks too
  public static Format of(String regex) {
    return new Format(Pattern.compile(regex, Pattern.DOTALL));
  }

  @Override public double[] of(List<Answer> answers) {
    return Judging.each(answers, a -> judge(a.text().strip()));
  }

  private double judge(String text) {
    try {
      return pattern.matcher(new Counted(text, 0, text.length(), new long[1])).matches() ? 1 : 0;
    } catch (TooMuch | StackOverflowError e) {
      return Double.NaN;
    }
  }

  private static final class TooMuch extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /// A text that counts how often it is read: unlike a time, the count is the same on every machine.
  @SuppressWarnings("ArrayRecordComponent") // one counter for all parts of a text
  private record Counted(String text, int from, int to, long[] reads) implements CharSequence {
    @Override public int length() {
      return to - from;
    }

    @Override public char charAt(int index) {
      if (++reads[0] > READS) {
        throw new TooMuch();
      }
      return text.charAt(from + index);
    }

    @Override public CharSequence subSequence(int start, int end) {
      return new Counted(text, from + start, from + end, reads);
    }

    @Override public String toString() {
      return text.substring(from, to);
    }
  }
}
