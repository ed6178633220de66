package org.jtorch.align.check;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Pattern;

/// A number that was written down, as an exact fraction in lowest terms, so that equal ones are equal.
///
/// @param denominator above 0
record Fraction(BigInteger numerator, BigInteger denominator) {
  private static final String DECIMAL = "(?:\\d{1,60}(?:\\.\\d{0,60})?|\\.\\d{1,60})(?:[eE][+-]?\\d{1,3})?";
  private static final Pattern PLAIN = Pattern.compile("([+-]?)(" + DECIMAL + ")(?:/(" + DECIMAL + "))?");
  private static final Pattern MIXED = Pattern.compile("([+-]?)(\\d{1,60})\\s+(\\d{1,60})/(\\d{1,60})");
  private static final Pattern LATEX = Pattern.compile("\\\\[dt]?frac\\s*\\{?([^{}]{1,60}?)\\}?\\s*\\{?([^{}]{1,60}?)\\}?");

  Fraction {
    var common = numerator.gcd(denominator).multiply(BigInteger.valueOf(denominator.signum()));
    numerator = numerator.divide(common);
    denominator = denominator.divide(common);
  }

  /// `1,200`, `$12.50`, `-3/4`, `3 1/2`, `\frac{1}{2}`, `1e3`, `50%` (as 50); empty for anything else.
  static Optional<Fraction> read(String text) {
    String plain = text.strip().replace("\\!", "").replaceAll("(?<=\\d),(?=\\d{3}(?!\\d))", "").replaceAll("[$\u20ac\u00a3%]|\\\\[,; ]|\\\\%", "")
        .replace('\u2212', '-').strip().replaceFirst("\\.$", "");
    plain = plain.replaceFirst("^([+-])\\s+", "$1");
    var mixed = MIXED.matcher(plain);
    if (mixed.matches()) {
      return ratio(mixed.group(3), mixed.group(4)).map(f -> new Fraction(
          f.numerator.add(new BigInteger(mixed.group(2)).multiply(f.denominator)), f.denominator).signed(mixed.group(1)));
    }
    String sign = plain.startsWith("-") ? "-" : "";
    var latex = LATEX.matcher(plain.substring(sign.length()));
    if (latex.matches()) {
      return ratio(latex.group(1).strip(), latex.group(2).strip()).map(f -> f.signed(sign));
    }
    var number = PLAIN.matcher(plain);
    return number.matches() ? ratio(number.group(2), number.group(3) == null ? "1" : number.group(3)).map(f -> f.signed(number.group(1)))
        : Optional.empty();
  }

  private static Optional<Fraction> ratio(String above, String below) {
    try {
      var a = new BigDecimal(above);
      var b = new BigDecimal(below);
      int scale = Math.max(0, Math.max(a.scale(), b.scale()));
      var denominator = b.movePointRight(scale).toBigIntegerExact();
      return denominator.signum() == 0 ? Optional.empty() : Optional.of(new Fraction(a.movePointRight(scale).toBigIntegerExact(), denominator));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  private Fraction signed(String sign) {
    return sign.equals("-") ? new Fraction(numerator.negate(), denominator) : this;
  }
}
