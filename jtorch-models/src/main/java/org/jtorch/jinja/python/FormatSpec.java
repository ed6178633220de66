package org.jtorch.jinja.python;

import java.math.BigInteger;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Python's format specification: `[[fill]align][sign][#][0][width][grouping][.precision][type]`.
///
/// @param align `<`, `>`, `^`, `=`, or empty for the type's own
/// @param sign `+`, `-` or a blank
/// @param grouping `,`, `_` or empty
/// @param precision -1 for none
/// @param type empty for none
record FormatSpec(int fill, String align, char sign, boolean alternate, int width, String grouping, int precision, String type) {
  private static final Pattern SPEC = Pattern.compile("(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([bcdeEfFgGnosxX%])?",
      Pattern.DOTALL);

  private static final FormatSpec PLAIN = parse("");
  private static final Set<String> INTEGER_TYPES = Set.of("b", "c", "d", "o", "x", "X");

  static FormatSpec parse(String text) {
    var m = SPEC.matcher(text);
    if (!m.matches()) {
      throw new PythonException("Invalid format specifier '" + text + "'");
    }
    boolean zero = m.group(5) != null;
    return new FormatSpec(m.group(1) == null ? (zero ? '0' : ' ') : m.group(1).codePointAt(0),
        m.group(2) == null ? (zero ? "=" : "") : m.group(2), m.group(3) == null ? '-' : m.group(3).charAt(0), m.group(4) != null,
        number(m.group(6), 0), m.group(7) == null ? "" : m.group(7), number(m.group(8), -1), m.group(9) == null ? "" : m.group(9));
  }

  static int number(@Nullable String digits, int otherwise) {
    if (digits == null) {
      return otherwise;
    }
    if (digits.length() > 6) {
      throw new PythonException("Too many decimal digits in format string");
    }
    return Integer.parseInt(digits);
  }

  String apply(Value value, Budget budget) {
    budget.characters(width + Math.max(0, precision));
    boolean plain = equals(PLAIN);
    return switch (value) {
      case Value.Bool _ when plain -> new Repr(budget).text(value);
      case Value.Whole n -> whole(n);
      case Value.Real(double x) when !INTEGER_TYPES.contains(type) && !type.equals("s") -> real(x);
      case Value.Str s when type.isEmpty() || type.equals("s") -> text(s.text());
      case Value v when plain -> new Repr(budget).text(v);
      case Value v -> throw new PythonException("Unknown format code '" + type + "' for object of type '" + v.type() + "'");
    };
  }

  private String text(String text) {
    if (align.equals("=") && fill != '0' || sign != '-' || alternate || !grouping.isEmpty()) {
      throw new PythonException("'=' alignment, sign, '#' and grouping are not allowed in string format specifier");
    }
    String cut = precision < 0 || precision >= CodePoints.count(text) ? text : CodePoints.part(text, 0, precision);
    return align.equals("=") ? withAlign("<").padded("", cut, "<") : padded("", cut, "<");
  }

  private FormatSpec withAlign(String other) {
    return new FormatSpec(fill, other, sign, alternate, width, grouping, precision, type);
  }

  FormatSpec withType(String other) {
    return new FormatSpec(fill, align, sign, alternate, width, grouping, precision, other);
  }

  private String whole(Value.Whole value) {
    BigInteger n = value.whole();
    if (precision >= 0 && (type.isEmpty() || INTEGER_TYPES.contains(type))) {
      throw new PythonException("Precision not allowed in integer format specifier");
    }
    return switch (type) {
      case "e", "E", "f", "F", "g", "G", "%" -> real(n.doubleValue());
      case "c" -> padded("", Character.toString(n.intValueExact()), "<");
      case "s" -> throw new PythonException("Unknown format code 's' for object of type '" + value.type() + "'");
      default -> {
        int radix = switch (type) {
          case "b" -> 2;
          case "o" -> 8;
          case "x", "X" -> 16;
          default -> 10;
        };
        String digits = n.abs().toString(radix);
        String prefix = alternate && radix != 10 ? "0" + type : "";
        yield padded(signOf(n.signum() < 0) + prefix, grouped(type.equals("X") ? digits.toUpperCase(Locale.ROOT) : digits, radix), ">");
      }
    };
  }

  private String real(double value) {
    double size = Math.abs(value);
    boolean negative = value < 0 || value == 0 && 1 / value < 0;
    String text = Double.isFinite(value) ? finite(size) : Numbers.text(size);
    boolean upper = type.equals("E") || type.equals("F") || type.equals("G");
    return padded(signOf(negative), upper ? text.toUpperCase(Locale.ROOT) : text, ">");
  }

  private String finite(double size) {
    int digits = precision < 0 ? 6 : precision;
    String text = switch (type) {
      case "e", "E" -> FloatFormat.scientific(size, digits);
      case "f", "F" -> FloatFormat.fixed(size, digits);
      case "%" -> FloatFormat.fixed(size * 100, digits) + "%";
      case "" -> precision < 0 ? Numbers.text(size) : FloatFormat.general(size, precision, false, ".0");
      default -> FloatFormat.general(size, digits, alternate, "");
    };
    int end = 0;
    while (end < text.length() && Character.isDigit(text.charAt(end))) {
      end++;
    }
    return grouped(text.substring(0, end), 10) + text.substring(end);
  }

  private String signOf(boolean negative) {
    return negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
  }

  private String grouped(String digits, int radix) {
    if (grouping.isEmpty()) {
      return digits;
    }
    int size = radix == 10 ? 3 : 4;
    var out = new StringBuilder(digits);
    for (int i = digits.length() - size; i > 0; i -= size) {
      out.insert(i, grouping);
    }
    return out.toString();
  }

  private String padded(String prefix, String body, String otherwise) {
    int missing = Math.max(0, width - CodePoints.count(prefix) - CodePoints.count(body));
    String one = Character.toString(fill);
    return switch (align.isEmpty() ? otherwise : align) {
      case "<" -> prefix + body + one.repeat(missing);
      case "^" -> one.repeat(missing / 2) + prefix + body + one.repeat(missing - missing / 2);
      case "=" -> prefix + one.repeat(missing) + body;
      default -> one.repeat(missing) + prefix + body;
    };
  }
}
