package org.jtorch.align.policy;

import java.util.Arrays;
import java.util.List;

/// Values of a whole batch at deviation 1, and at mean 0.
public final class Whitening {
  private static final double EPS = 1e-8;

  private Whitening() {}

  /// `(x − mean) / √(variance + 1e-8)` over all tokens of all answers, with Bessel's correction.
  ///
  /// @param shift false gives the mean back
  public static List<double[]> of(List<double[]> values, boolean shift) {
    long n = values.stream().mapToLong(v -> v.length).sum();
    double mean = values.stream().flatMapToDouble(Arrays::stream).sum() / n;
    double variance = values.stream().flatMapToDouble(Arrays::stream).map(v -> (v - mean) * (v - mean)).sum() / Math.max(1, n - 1);
    double by = 1 / Math.sqrt(variance + EPS);
    return values.stream().map(row -> Arrays.stream(row).map(v -> (v - mean) * by + (shift ? 0 : mean)).toArray()).toList();
  }
}
