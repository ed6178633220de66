package org.jtorch.longcontext;

/// How well the model does at the length that it had before: what a longer context must not cost.
@FunctionalInterface
public interface ShortContext {
  Score score();

  /// A figure of the model.
  ///
  /// @param standardError of the figure, were other texts drawn; NaN if nobody knows
  /// @param lowerIsBetter of a loss
  record Score(double value, double standardError, boolean lowerIsBetter) {
    /// Bits per byte, for example.
    public static Score loss(double value, double standardError) {
      return new Score(value, standardError, true);
    }

    /// A share of right answers, for example.
    public static Score accuracy(double value, double standardError) {
      return new Score(value, standardError, false);
    }

    /// The worst value that is still as good as this one.
    public double worst(double tolerance) {
      return lowerIsBetter ? value + tolerance : value - tolerance;
    }

    /// Whether another figure of the same kind is as good as this one.
    public boolean allows(double other, double tolerance) {
      return lowerIsBetter ? other <= worst(tolerance) : other >= worst(tolerance);
    }
  }
}
