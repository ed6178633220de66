package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// Numbers as text and back, and rounding.
public final class Numbers {
  private static final Pattern FLOAT = Pattern.compile(
      "[+-]?(?:\\d+(?:_\\d+)*\\.?(?:\\d+(?:_\\d+)*)?|\\.\\d+(?:_\\d+)*)(?:[eE][+-]?\\d+(?:_\\d+)*)?");
  private static final Pattern NAMED = Pattern.compile("([+-]?)(?:inf|infinity|nan)", Pattern.CASE_INSENSITIVE);
  private static final Pattern DIGITS = Pattern.compile("[0-9a-z]+(?:_[0-9a-z]+)*");
  private static final int LONGEST = 4300;

  private Numbers() {}

  /// Python's `repr(x)` of a float: the shortest digits that give it back, an exponent below 1e-4 and from 1e16 on.
  public static String text(double value) {
    if (!Double.isFinite(value)) {
      return Double.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
    }
    if (value == 0) {
      return Double.doubleToRawLongBits(value) < 0 ? "-0.0" : "0.0";
    }
    BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (exponent < -4 || exponent >= 16) {
      String digits = shortest.unscaledValue().abs().toString();
      return (value < 0 ? "-" : "") + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
          + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }
    return shortest.scale() > 0 ? shortest.toPlainString() : shortest.toPlainString() + ".0";
  }

  /// Python's `int(text, base)`; empty where Python raises a ValueError.
  ///
  /// @param base 2 to 36, or 0 for the base that a prefix such as `0x` tells
  public static Optional<BigInteger> whole(String text, int base) {
    String plain = asciiDigits(strip(text)).toLowerCase(Locale.ROOT);
    boolean negative = plain.startsWith("-");
    String digits = negative || plain.startsWith("+") ? plain.substring(1) : plain;
    int prefixed = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 0;
    int radix = base == 0 ? Math.max(prefixed, 10) : base;
    if (base == 0 && prefixed > 0) {
      radix = prefixed;
    }
    if (prefixed == radix) {
      digits = digits.startsWith("_", 2) ? digits.substring(3) : digits.substring(2);
    } else if (base == 0 && digits.matches("0[0_]*[1-9].*")) {
      return Optional.empty();
    }
    if (!DIGITS.matcher(digits).matches() || digits.length() > LONGEST) {
      return Optional.empty();
    }
    try {
      var value = new BigInteger(digits.replace("_", ""), radix);
      return Optional.of(negative ? value.negate() : value);
    } catch (NumberFormatException _) {
      return Optional.empty();
    }
  }

  /// Python's `float(text)`; empty where Python raises a ValueError.
  public static Optional<Double> real(String text) {
    String plain = asciiDigits(strip(text));
    if (NAMED.matcher(plain).matches()) {
      double named = plain.toLowerCase(Locale.ROOT).endsWith("nan") ? Double.NaN : Double.POSITIVE_INFINITY;
      return Optional.of(plain.startsWith("-") ? -named : named);
    }
    return FLOAT.matcher(plain).matches() ? Optional.of(Double.parseDouble(plain.replace("_", ""))) : Optional.empty();
  }

  private static String strip(String text) {
    return Splitting.strip(text, null, true, true);
  }

  /// The decimal digits of other scripts as those of ASCII.
  private static String asciiDigits(String text) {
    var plain = new StringBuilder(text.length());
    text.codePoints().forEach(c -> plain.appendCodePoint(c > 127 && Character.isDigit(c) ? '0' + Character.digit(c, 10) : c));
    return plain.toString();
  }

  /// Python's `int(x)` of a float, towards zero.
  public static BigInteger truncate(double value) {
    if (!Double.isFinite(value)) {
      throw new PythonException("cannot convert float " + (Double.isNaN(value) ? "NaN" : "infinity") + " to integer");
    }
    return new BigDecimal(value).toBigInteger();
  }

  /// Python's `round(value, digits)`: ties of the exact value go to the even neighbour.
  public static Value round(Value.Numeric value, int digits) {
    if (value instanceof Value.Whole w) {
      return digits >= 0 ? new Value.Int(w.whole()) : new Value.Int(rounded(new BigDecimal(w.whole()), digits).toBigInteger());
    }
    double real = value.real();
    return !Double.isFinite(real) || digits > 330 ? value
        : new Value.Real(signed(rounded(new BigDecimal(real), digits).doubleValue(), real));
  }

  private static BigDecimal rounded(BigDecimal value, int digits) {
    return value.setScale(Math.max(digits, -LONGEST), RoundingMode.HALF_EVEN);
  }

  private static double signed(double magnitude, double sign) {
    return magnitude == 0 ? Math.copySign(0.0, sign) : magnitude;
  }
}
