package org.jtorch.jinja.python;

import java.util.Iterator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `'%s has %d' % (name, count)`.
public final class PercentFormat {
  private static final Pattern PLACE = Pattern.compile(
      "%(?:\\((?<key>[^)]*)\\))?(?<flags>[-+ #0]*)(?<width>\\*|\\d+)?(?:\\.(?<precision>\\*|\\d+))?[hlL]?(?<type>.)?", Pattern.DOTALL);
  private final Budget budget;

  public PercentFormat(Budget budget) {
    this.budget = budget;
  }

  /// @param given a tuple of values, a dict for `%(name)s`, or one value
  public Value format(Value.Str format, Value given) {
    Iterator<Value> rest = given instanceof Value.Tuple t ? t.items().iterator() : List.of(given).iterator();
    var out = new StringBuilder();
    Matcher place = PLACE.matcher(format.text());
    int copied = 0;
    boolean named = false;
    while (place.find()) {
      out.append(format.text(), copied, place.start());
      copied = place.end();
      String key = place.group("key");
      named |= key != null;
      out.append("%".equals(place.group("type")) ? "%" : filled(place, key != null ? named(key, given) : rest, format.safe()));
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
    return switch (given) {
      case Value.Dict _, Value.ListValue _, Value.Range _, Value.Undefined _ -> true;
      case Value _ -> false;
    };
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

  private String filled(Matcher place, Iterator<Value> values, boolean safe) {
    String type = place.group("type");
    if (type == null) {
      throw new PythonException("incomplete format");
    }
    int width = size(place.group("width"), values, 0);
    int precision = size(place.group("precision"), values, -1);
    String flags = place.group("flags");
    boolean left = flags.contains("-") || width < 0;
    boolean zero = flags.contains("0") && !left;
    var spec = new FormatSpec(zero ? '0' : ' ', left ? "<" : zero ? "=" : ">", flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-',
        flags.contains("#"), Math.abs(width), "", precision, type);
    Value value = next(values);
    return switch (type) {
      case "s", "r", "a" -> new FormatSpec(' ', left ? "<" : ">", '-', false, spec.width(), "", precision, "s")
          .apply(Value.Str.of(text(value, type.equals("s"), safe)), budget);
      case "c" -> character(spec, value);
      case "d", "i", "u" -> digits(spec.withType("d"), value, type);
      case "x", "X", "o" -> digits(spec, value, type);
      case "e", "E", "f", "F", "g", "G" -> spec.apply(new Value.Real(number(value, type).real()), budget);
      default -> throw new PythonException("unsupported format character '" + type + "' in `" + place.group() + "`");
    };
  }

  private String text(Value value, boolean plain, boolean safe) {
    var repr = new Repr(budget);
    String text = plain ? repr.text(value) : repr.repr(value);
    return safe && !(plain && value instanceof Value.Str s && s.safe()) ? Html.escape(text) : text;
  }

  private String character(FormatSpec spec, Value value) {
    return switch (value) {
      case Value.Str s when CodePoints.count(s.text()) == 1 -> spec.withType("s").apply(value, budget);
      case Value.Whole n when n.whole().bitLength() <= 20 && n.whole().signum() >= 0 -> spec.apply(value, budget);
      case Value _ -> throw new PythonException("%c requires int or char");
    };
  }

  private String digits(FormatSpec spec, Value value, String type) {
    if (spec.precision() >= 0) {
      throw new PythonException("a precision for %" + type + ", which templates here do not know");
    }
    boolean decimal = spec.type().equals("d");
    return spec.apply(number(value, type) instanceof Value.Real(double x) && decimal ? new Value.Int(Numbers.truncate(x)) : value, budget);
  }

  private static Value.Numeric number(Value value, String type) {
    if (value instanceof Value.Numeric n) {
      return n;
    }
    throw new PythonException("%" + type + " format: a number is required, not " + value.type());
  }

  /// A width or precision, which `*` takes from the values.
  private static int size(@Nullable String digits, Iterator<Value> values, int otherwise) {
    if (!"*".equals(digits)) {
      return FormatSpec.number(digits, otherwise);
    }
    if (!(next(values) instanceof Value.Whole n)) {
      throw new PythonException("* wants int");
    }
    return FormatSpec.number(n.whole().abs().toString(), 0) * (n.whole().signum() < 0 ? -1 : 1);
  }

  private static Value next(Iterator<Value> values) {
    if (!values.hasNext()) {
      throw new PythonException("not enough arguments for format string");
    }
    return values.next();
  }
}
