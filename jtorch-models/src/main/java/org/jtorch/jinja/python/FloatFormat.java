package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/// Floats with so many digits, as `e`, `f` and `g` of C and Python write them. Without the sign.
final class FloatFormat {
  private FloatFormat() {}

  static String fixed(double value, int digits) {
    return new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
  }

  static String scientific(double value, int digits) {
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
    String all = rounded.unscaledValue().toString();
    String figures = all.length() > digits ? all.substring(0, digits + 1) : all + "0".repeat(digits + 1 - all.length());
    return figures.charAt(0) + (digits > 0 ? "." + figures.substring(1) : "") + exponent(exponent(rounded));
  }

  private static int exponent(BigDecimal value) {
    return value.signum() == 0 ? 0 : value.precision() - value.scale() - 1;
  }

  private static String exponent(int exponent) {
    return "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
  }

  /// @param whole how the shorter form ends when nothing follows the point: `.0` for Python's own choice, empty for `g`
  static String general(double value, int precision, boolean keepZeros, String whole) {
    int digits = Math.max(1, precision);
    int exponent = exponent(new BigDecimal(value).round(new MathContext(digits, RoundingMode.HALF_EVEN)));
    boolean plain = exponent >= -4 && exponent < (whole.isEmpty() ? digits : Math.max(digits - 1, 1));
    String text = plain ? fixed(value, digits - 1 - exponent) : scientific(value, digits - 1);
    if (keepZeros || text.indexOf('.') < 0) {
      return plain && text.indexOf('.') < 0 ? text + (keepZeros ? "." : whole) : text;
    }
    int tail = text.indexOf('e') < 0 ? text.length() : text.indexOf('e');
    String figures = text.substring(0, tail).replaceFirst("\\.?0+$", "");
    return figures + (plain && figures.indexOf('.') < 0 ? whole : "") + text.substring(tail);
  }
}
