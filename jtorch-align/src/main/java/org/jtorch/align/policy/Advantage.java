package org.jtorch.align.policy;

import java.util.Arrays;

/// By how much an answer is better than others: a value for each, from the rewards of a batch. Rewards that are NaN are left out of all
/// means, and their answers have the advantage 0.
public sealed interface Advantage permits LeaveOneOut, GroupMean, BatchMean, BestOf {
  /// @param rewards of all answers, those to one prompt next to each other
  /// @param k answers to a prompt; divides their number
  double[] of(double[] rewards, int k);

  /// The fewest answers to a prompt with which it says anything.
  int least();

  /// The mean of what is no NaN; NaN if nothing is.
  static double mean(double[] values) {
    return Arrays.stream(values).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
  }

  /// The deviation of what is no NaN, with Bessel's correction; NaN of fewer than two.
  static double deviation(double[] values) {
    double mean = mean(values);
    double[] good = Arrays.stream(values).filter(v -> !Double.isNaN(v)).toArray();
    return Math.sqrt(Arrays.stream(good).map(v -> (v - mean) * (v - mean)).sum() / (good.length - 1));
  }

  /// Zero instead of NaN.
  static double orZero(double value) {
    return Double.isNaN(value) ? 0 : value;
  }
}
