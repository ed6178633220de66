package org.jtorch.prune;

/// Checks of settings; messages name the setting, its value and a good one.
final class Require {
  private Require() {}

  static void that(boolean right, String key, Object value, String wanted, String example) {
    if (!right) {
      throw new IllegalArgumentException("`" + key + "` must be " + wanted + " but was " + value + "; " + example + " is an example");
    }
  }
}
