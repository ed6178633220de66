package org.jtorch.optim;

/// Checks of settings; messages name the setting, its value and a good one.
final class Require {
  private Require() {}

  static void atLeastZero(String name, double value, String example) {
    that(value >= 0 && Double.isFinite(value), name, value, "0 or above", example);
  }

  /// For decay rates of averages.
  static void rate(String name, double value, String example) {
    that(value >= 0 && value < 1, name, value, "in [0, 1)", example);
  }

  static void that(boolean right, String name, Object value, String wanted, String example) {
    if (!right) {
      throw new IllegalArgumentException(name + " is " + value + " but must be " + wanted + "; for example " + example);
    }
  }
}
