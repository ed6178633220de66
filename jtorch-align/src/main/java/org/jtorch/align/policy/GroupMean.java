package org.jtorch.align.policy;

import java.util.Arrays;

/// The lead over the mean of all of the prompt's answers, this one among them, and what it is divided by (GRPO, arXiv:2402.03300, section
/// 4.1.2; without a scale as in Dr. GRPO, arXiv:2503.20783, section 3.2).
public record GroupMean(Scale scale) implements Advantage {
  /// What the lead is divided by.
  public enum Scale {
    /// Nothing: unbiased up to the factor (K − 1)/K.
    NONE,
    /// The deviation of the prompt's answers.
    GROUP,
    /// The deviation of the whole batch's.
    BATCH
  }

  private static final double EPS = 1e-4;

  @Override public double[] of(double[] rewards, int k) {
    double[] lead = new double[rewards.length];
    for (int from = 0; from < rewards.length; from += k) {
      double[] group = Arrays.copyOfRange(rewards, from, from + k);
      double mean = Advantage.mean(group);
      double by = switch (scale) {
        case NONE -> 1;
        case GROUP -> Advantage.deviation(group) + EPS;
        case BATCH -> Advantage.deviation(rewards) + EPS;
      };
      for (int i = 0; i < k; i++) {
        lead[from + i] = Advantage.orZero((group[i] - mean) / by);
      }
    }
    return lead;
  }

  @Override public int least() {
    return 2;
  }
}
