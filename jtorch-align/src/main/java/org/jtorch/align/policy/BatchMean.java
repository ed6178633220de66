package org.jtorch.align.policy;

import java.util.Arrays;

/// The lead over the mean of all other answers of the batch, whatever their prompts: REINFORCE's baseline where a prompt has one answer
/// (arXiv:2402.14740, section 3.2, has a moving average over batches in its place, which would be state to keep).
public record BatchMean() implements Advantage {
  @Override public double[] of(double[] rewards, int k) {
    long n = Arrays.stream(rewards).filter(v -> !Double.isNaN(v)).count();
    double sum = Arrays.stream(rewards).filter(v -> !Double.isNaN(v)).sum();
    return Arrays.stream(rewards).map(r -> n < 2 ? 0 : Advantage.orZero(r - (sum - r) / (n - 1))).toArray();
  }

  @Override public int least() {
    return 1;
  }
}
