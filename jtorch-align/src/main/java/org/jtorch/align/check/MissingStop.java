package org.jtorch.align.check;

import java.util.List;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// A penalty for an answer that was cut because it did not stop by itself (missing EOS; RLOO, arXiv:2402.14740, subtracts it, too).
public record MissingStop(double penalty) implements Reward {
  public MissingStop {
    if (!(penalty > 0 && penalty < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`penalty` must be > 0 but was " + penalty + "; 1 is usual, and is subtracted");
    }
  }

  @Override public double[] of(List<Answer> answers) {
    return Judging.each(answers, a -> a.isComplete() ? 0 : -penalty);
  }
}
