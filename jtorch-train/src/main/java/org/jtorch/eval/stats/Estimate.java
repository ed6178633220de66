package org.jtorch.eval.stats;

/// A figure from a sample of items.
///
/// @param standardError of the figure, were other items drawn; NaN where there is one item only
/// @param n items
public record Estimate(double value, double standardError, long n) {
  /// The mean: its error is the sample's standard deviation, of `n - 1`, over the root of n.
  public static Estimate mean(double... values) {
    int n = values.length;
    double mean = sum(values) / n;
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean);
    }
    return new Estimate(mean, n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n), n);
  }

  /// The ratio `R = Σ above / Σ below` of items of different size: its error is that of the sum of `above - R · below`, to first
  /// order in the deviations (Cochran, Sampling Techniques, section 2.11).
  public static Estimate ratio(double[] above, double[] below) {
    int n = above.length;
    double size = sum(below);
    double ratio = sum(above) / size;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double rest = above[i] - ratio * below[i];
      squares += rest * rest;
    }
    return new Estimate(ratio, n < 2 ? Double.NaN : Math.sqrt(squares * n / (n - 1)) / size, n);
  }

  /// eᵛ of this value: a perplexity of nats. The error is to first order.
  public Estimate exp() {
    double e = Math.exp(value);
    return new Estimate(e, e * standardError, n);
  }

  /// This value times a constant.
  public Estimate times(double factor) {
    return new Estimate(factor * value, Math.abs(factor) * standardError, n);
  }

  private static double sum(double... values) {
    double sum = 0;
    for (double v : values) {
      sum += v;
    }
    return sum;
  }
}
