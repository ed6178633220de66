package org.jtorch.align.check;

import java.util.List;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// Less for long answers: `-perToken * max(0, length - free)`.
///
/// @param free tokens that cost nothing
public record LengthPenalty(int free, double perToken) implements Reward {
  public LengthPenalty {
    if (free < 0) {
      throw new IllegalArgumentException("`free` must be >= 0 but was " + free + "; 256 tokens without a penalty are usual");
    }
    if (!(perToken > 0 && perToken < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`per_token` must be > 0 but was " + perToken + "; e.g. 0.001");
    }
  }

  @Override public double[] of(List<Answer> answers) {
    return Judging.each(answers, a -> 0 - perToken * Math.max(0, a.length() - free));
  }
}
