package org.jtorch.parity;

import java.util.Locale;

/// The result of one comparison.
///
/// @param what what was compared, usually the name of the stored tensor
/// @param maxAbs the largest absolute difference
/// @param maxRel the largest difference in relation to the stored value
/// @param note the tolerance, or why it failed
public record Check(String what, double maxAbs, double maxRel, boolean passed, String note) {
  /// Compares as `|a - b| <= atol + rtol |b|`; equal infinities and two NaN are equal.
  public static Check of(String what, double[] actual, double[] expected, double atol, double rtol) {
    if (actual.length != expected.length) {
      return new Check(what, Double.NaN, Double.NaN, false, actual.length + " values but " + expected.length + " are stored");
    }
    double maxAbs = 0;
    double maxRel = 0;
    int wrong = -1;
    for (int i = 0; i < actual.length; i++) {
      if (Double.compare(actual[i], expected[i]) == 0) {
        continue;
      }
      double difference = Math.abs(actual[i] - expected[i]);
      if (!(difference <= atol + rtol * Math.abs(expected[i])) && wrong < 0) {
        wrong = i;
      }
      maxAbs = Math.max(maxAbs, difference);
      maxRel = Math.max(maxRel, difference / Math.max(Math.abs(expected[i]), Double.MIN_NORMAL));
    }
    String tolerance = String.format(Locale.ROOT, "tolerance %.1e + %.1e rel", atol, rtol);
    return new Check(what, maxAbs, maxRel, wrong < 0, wrong < 0 ? tolerance
        : tolerance + "; value " + wrong + " is " + actual[wrong] + " but " + expected[wrong] + " is stored");
  }
}
