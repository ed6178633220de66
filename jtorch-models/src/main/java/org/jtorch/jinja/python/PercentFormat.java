package org.jtorch.jinja.python;

import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `'%s has %d' % (name, count)`.
public final class PercentFormat {
  private static final Pattern PLACE = Pattern.compile("%(?:\\(([^)]*)\\))?([-+ #0]*)(\\*|\\d+)?(?:\\.(\\*|\\d+))?([hlL])?(.)?", Pattern.DOTALL);
  private final Budget budget;

  public PercentFormat(Budget budget) {
    this.budget = budget;
  }

  /// @param given a tuple of values, a dict for `%(name)s`, or one value
  public Value format(Value.Str format, Value given) {
    Iterator<Value> rest = given instanceof Value.Tuple t ? t.items().iterator() : List.of(given).iterator();
    var out = new StringBuilder();
    Matcher m = PLACE.matcher(format.text());
    int copied = 0;
    boolean named = false;
    while (m.find()) {
      out.append(format.text(), copied, m.start());
      copied = m.end();
      if ("%".equals(m.group(6))) {
        out.append('%');
        continue;
      }
      named |= m.group(1) != null;
      out.append(place(m, m.group(1) != null ? named(m.group(1), given) : rest, format.safe()));
    }
    if (rest.hasNext() && !named && !hasItems(given)) {
      throw new PythonException("not all arguments converted during string formatting");
    }
    out.append(format.text(), copied, format.text().length());
    budget.characters(out.length());
    return new Value.Str(out.toString(), format.safe());
  }

  /// What could be a mapping in Python's eyes, which need not be used up.
  private static boolean hasItems(Value given) {
    return given instanceof Value.Dict || given instanceof Value.ListValue || given instanceof Value.Range || given instanceof Value.Undefined;
  }

  private static Iterator<Value> named(String name, Value given) {
    if (!(given instanceof Value.Dict(var entries))) {
      throw new PythonException("format requires a mapping");
    }
    Value value = entries.get(Value.Str.of(name));
    if (value == null) {
      throw new PythonException("there is no `" + name + "` to format");
    }
    return List.of(value).iterator();
  }

  private String place(Matcher m, Iterator<Value> values, boolean safe) {
    String type = m.group(6);
    if (type == null) {
      throw new PythonException("incomplete format");
    }
    int width = size(m.group(3), values, 0);
    int precision = size(m.group(4), values, -1);
    String flags = m.group(2);
    Value value = next(values);
    boolean left = flags.contains("-") || width < 0;
    boolean zero = flags.contains("0") && !left;
    var spec = new FormatSpec(zero ? '0' : ' ', left ? "<" : zero ? "=" : ">", flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-',
        flags.contains("#"), Math.abs(width), "", precision, type);
    return switch (type) {
      case "s", "r", "a" -> {
        String text = type.equals("s") ? new Repr(budget).text(value) : new Repr(budget).repr(value);
        String shown = safe && value instanceof Value.Str s ? Html.escape(s) : safe ? Html.escape(text) : text;
        yield new FormatSpec(' ', left ? "<" : ">", '-', false, spec.width(), "", precision, "s").apply(Value.Str.of(shown), budget);
      }
      case "c" -> character(spec, value);
      case "d", "i", "u" -> digits(withType(spec, "d"), value, type);
      case "x", "X", "o" -> digits(spec, value, type);
      case "e", "E", "f", "F", "g", "G" -> spec.apply(new Value.Real(number(value, type).real()), budget);
      default -> throw new PythonException("unsupported format character '" + type + "' in `" + m.group() + "`");
    };
  }

  private String character(FormatSpec spec, Value value) {
    return switch (value) {
      case Value.Str s when CodePoints.count(s.text()) == 1 -> withType(spec, "s").apply(value, budget);
      case Value.Whole n when n.whole().bitLength() <= 20 && n.whole().signum() >= 0 -> spec.apply(value, budget);
      case Value _ -> throw new PythonException("%c requires int or char");
    };
  }

  private String digits(FormatSpec spec, Value value, String type) {
    Value.Numeric number = number(value, type);
    if (spec.precision() >= 0) {
      throw new PythonException("a precision for %" + type + ", which templates here do not know");
    }
    return spec.apply(number instanceof Value.Real(double x) && spec.type().equals("d") ? new Value.Int(Numbers.truncate(x)) : number, budget);
  }

  private static FormatSpec withType(FormatSpec spec, String type) {
    return new FormatSpec(spec.fill(), spec.align(), spec.sign(), spec.alternate(), spec.width(), "", spec.precision(), type);
  }

  private static Value.Numeric number(Value value, String type) {
    if (value instanceof Value.Numeric n) {
      return n;
    }
    throw new PythonException("%" + type + " format: a number is required, not " + value.type());
  }

  private static int size(@Nullable String digits, Iterator<Value> values, int otherwise) {
    if ("*".equals(digits)) {
      Value given = next(values);
      return given instanceof Value.Whole n ? FormatSpec.number(n.whole().abs().toString(), 0) * (n.whole().signum() < 0 ? -1 : 1) : otherwise;
    }
    return FormatSpec.number(digits, otherwise);
  }

  private static Value next(Iterator<Value> values) {
    if (!values.hasNext()) {
      throw new PythonException("not enough arguments for format string");
    }
    return values.next();
  }
}
