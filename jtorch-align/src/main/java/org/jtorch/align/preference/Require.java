package org.jtorch.align.preference;

/// Checks that settings of losses share.
final class Require {
  private Require() {}

  static void positive(String key, double value, String usual) {
    if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`" + key + "` must be > 0 but was " + value + "; " + usual + " is usual");
    }
  }

  static void notNegative(String key, double value, String usual) {
    if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`" + key + "` must be >= 0 but was " + value + "; " + usual + " is usual");
    }
  }

  /// A share of labels that may be wrong.
  static void smoothing(double value) {
    if (!(value >= 0 && value < 0.5)) {
      throw new IllegalArgumentException("`label_smoothing` must be in [0, 0.5) but was " + value + "; 0.1 is usual where it is used");
    }
  }
}
