package org.jtorch.recipes.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/// Round numbers along an axis: steps of 1, 2 or 5 times a power of ten.
///
/// @param step the distance between two neighbours
/// @param values those that lie inside the range, in order
record Ticks(double step, List<Double> values) {

  /// About `count` ticks between two finite numbers; one where they are the same but for rounding.
  static Ticks between(double low, double high, int count) {
    double raw = (high - low) / Math.max(1, count);
    boolean distinct = raw > 1e-12 * Math.max(Math.abs(low), Math.abs(high));
    if (!distinct || !Double.isFinite(raw)) {
      return new Ticks(1, List.of(low));
    }
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double rest = raw / power;
    double step = power * (rest <= 1.5 ? 1 : rest <= 3.5 ? 2 : rest <= 7.5 ? 5 : 10);
    List<Double> values = new ArrayList<>();
    long first = (long) Math.ceil(low / step - 1e-9);
    long last = (long) Math.floor(high / step + 1e-9);
    for (long i = first; i <= last; i++) {
      values.add(i * step);
    }
    return new Ticks(step, List.copyOf(values));
  }

  /// The value with as many digits as neighbours need to differ: `0.25`, `1.5k`, `2e-4`.
  String label(double value) {
    if (Math.abs(value) < step / 1e6) {
      return "0";
    }
    double size = Math.abs(value);
    if (size >= 1e9) {
      return plain(value / 1e9) + "B";
    }
    if (size >= 1e6) {
      return plain(value / 1e6) + "M";
    }
    if (size >= 1e3) {
      return plain(value / 1e3) + "k";
    }
    if (step >= 1e-3) {
      return plain(value);
    }
    int power = (int) Math.floor(Math.log10(size) + 1e-9);
    return plain(value / Math.pow(10, power)) + "e" + power;
  }

  private static String plain(double value) {
    return new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros().toPlainString();
  }
}
