package org.jtorch.recipes.claims;

import java.util.stream.DoubleStream;

/// Student's t-test of differences whose mean should be zero: one difference a seed.
///
/// @param mean of the differences
/// @param error the standard error of that mean; NaN for a single difference
/// @param p how likely a mean at least as far from zero is without any effect, both sides counted; NaN for a single difference
/// @param freedom degrees of freedom, one less than there are differences
record PairedTest(double mean, double error, double p, int freedom) {
  /// @param differences one a seed
  static PairedTest of(double[] differences) {
    int n = differences.length;
    double mean = DoubleStream.of(differences).average().orElseThrow(() -> new IllegalArgumentException("no differences are given"));
    if (n == 1) {
      return new PairedTest(mean, Double.NaN, Double.NaN, 0);
    }
    double squares = DoubleStream.of(differences).map(d -> (d - mean) * (d - mean)).sum();
    double error = Math.sqrt(squares / (n - 1) / n);
    double p = error > 0 ? 1 - within(Math.abs(mean) / error, n - 1) : mean == 0 ? 1 : 0;
    return new PairedTest(mean, error, p, n - 1);
  }

  /// Half the width of the interval that holds the true mean with a probability of 95 %.
  double halfWidth() {
    return error * quantile(0.95, freedom);
  }

  /// The probability that a variable with Student's distribution lies between −t and t: a finite sum for whole degrees of freedom
  /// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
  ///
  /// @param t at least 0
  static double within(double t, int freedom) {
    double angle = Math.atan(t / Math.sqrt(freedom));
    double cos = Math.cos(angle);
    boolean odd = freedom % 2 == 1;
    double term = odd ? cos : 1;
    double sum = freedom == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
      term *= cos * cos * (k - 1) / k;
      sum += term;
    }
    return odd ? 2 / Math.PI * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
  }

  /// The t with [#within] of `probability`.
  static double quantile(double probability, int freedom) {
    double low = 0;
    double high = 1;
    while (within(high, freedom) < probability) {
      high *= 2;
    }
    for (int i = 0; i < 100; i++) {
      double middle = (low + high) / 2;
      if (within(middle, freedom) < probability) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return (low + high) / 2;
  }
}
