package org.jtorch.align.policy;

import java.util.Arrays;

/// The lead over the mean of the prompt's other answers, `A_i = R_i − Σ_{j≠i} R_j / (K − 1)`: an unbiased baseline (RLOO,
/// arXiv:2402.14740, eq. 6; AFM's MDLOO has the same).
///
/// @param normalize divide by the deviation over the batch and take away its mean, as TRL offers
public record LeaveOneOut(boolean normalize) implements Advantage {
  private static final double EPS = 1e-4;

  @Override public double[] of(double[] rewards, int k) {
    double[] lead = new double[rewards.length];
    for (int from = 0; from < rewards.length; from += k) {
      double[] group = Arrays.copyOfRange(rewards, from, from + k);
      long n = Arrays.stream(group).filter(v -> !Double.isNaN(v)).count();
      double sum = Arrays.stream(group).filter(v -> !Double.isNaN(v)).sum();
      for (int i = 0; i < k; i++) {
        lead[from + i] = n < 2 ? 0 : Advantage.orZero(group[i] - (sum - group[i]) / (n - 1));
      }
    }
    if (!normalize) {
      return lead;
    }
    double mean = Advantage.mean(lead);
    double deviation = Advantage.deviation(lead) + EPS;
    return Arrays.stream(lead).map(a -> (a - mean) / deviation).toArray();
  }

  @Override public int least() {
    return 2;
  }
}
