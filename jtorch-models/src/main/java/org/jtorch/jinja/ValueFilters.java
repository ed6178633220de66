package org.jtorch.jinja;

import java.util.List;
import java.util.Map;
import org.jtorch.jinja.Filters.Filter;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.JsonText;
import org.jtorch.jinja.python.Lookup;
import org.jtorch.jinja.python.Numbers;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// Filters on single values: defaults, numbers, JSON.
final class ValueFilters {
  private ValueFilters() {}

  static void addTo(Map<String, Filter> filters) {
    for (String name : List.of("default", "d")) {
      filters.put(name, (v, a, _) -> {
        var p = a.bind(name, "default_value?", "boolean?");
        return v instanceof Value.Undefined || p.isTrue("boolean") && !v.isTrue() ? p.get("default_value", Value.Str.of("")) : v;
      });
    }
    filters.put("string", (v, a, e) -> {
      a.bind("string");
      return TextFilters.soft(v, e);
    });
    filters.put("attr", (v, a, e) -> Lookup.attributeOnly(v, a.bind("attr", "name").requiredText("name"), e.budget()));
    filters.put("int", ValueFilters::whole);
    filters.put("float", (v, a, _) -> real(v, a.bind("float", "default?").get("default", new Value.Real(0))));
    filters.put("abs", (v, a, _) -> {
      a.bind("abs");
      return switch (v) {
        case Value.Whole n -> new Value.Int(n.whole().abs());
        case Value.Real(double x) -> new Value.Real(Math.abs(x));
        case Value other -> throw new PythonException("bad operand type for abs(): '" + other.type() + "'");
      };
    });
    filters.put("round", (v, a, _) -> round(v, a));
    filters.put("tojson", ValueFilters::json);
  }

  private static Value whole(Value value, Arguments arguments, Evaluator evaluator) {
    var p = arguments.bind("int", "default?", "base?");
    Value otherwise = p.get("default", Value.Int.of(0));
    return switch (value) {
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value.Whole n -> new Value.Int(n.whole());
      case Value.Real(double x) -> Double.isNaN(x) ? otherwise : new Value.Int(Numbers.truncate(x));
      case Value.Str s -> Numbers.whole(s.text(), p.whole("base", 10)).<Value>map(Value.Int::new)
          .or(() -> Numbers.real(s.text()).filter(Double::isFinite).map(x -> new Value.Int(Numbers.truncate(x)))).orElse(otherwise);
      case Value _ -> otherwise;
    };
  }

  private static Value real(Value value, Value otherwise) {
    return switch (value) {
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value.Numeric n -> new Value.Real(n.real());
      case Value.Str s -> Numbers.real(s.text()).<Value>map(Value.Real::new).orElse(otherwise);
      case Value _ -> otherwise;
    };
  }

  private static Value round(Value value, Arguments arguments) {
    var p = arguments.bind("round", "precision?", "method?");
    String method = p.has("method") ? p.requiredText("method") : "common";
    int precision = p.whole("precision", 0);
    if (!(value instanceof Value.Numeric number)) {
      throw new PythonException("round() needs a number, not " + value.type());
    }
    double power = Math.pow(10, precision);
    return switch (method) {
      case "common" -> Numbers.round(number, precision);
      case "ceil" -> new Value.Real(Math.ceil(number.real() * power) / power + 0.0);
      case "floor" -> new Value.Real(Math.floor(number.real() * power) / power + 0.0);
      default -> throw new PythonException("method must be common, ceil or floor");
    };
  }

  /// As transformers has it: `json.dumps` without escapes for HTML or for what is not ASCII.
  private static Value json(Value value, Arguments arguments, Evaluator evaluator) {
    var p = arguments.bind("tojson", "ensure_ascii?", "indent?", "separators?", "sort_keys?");
    String indent = switch (p.get("indent")) {
      case Value.None _ -> null;
      case Value.Str s -> s.text();
      case Value _ -> " ".repeat(Math.clamp(p.whole("indent", 0), 0, 1000));
    };
    String items = indent == null ? ", " : ",";
    String keys = ": ";
    if (!(p.get("separators") instanceof Value.None)) {
      var both = Items.list(p.get("separators"), evaluator.budget());
      if (both.size() != 2 || !(both.getFirst() instanceof Value.Str first) || !(both.getLast() instanceof Value.Str second)) {
        throw new PythonException("tojson(): `separators` must be two strings, such as (',', ':')");
      }
      items = first.text();
      keys = second.text();
    }
    var text = new JsonText(evaluator.budget(), p.isTrue("ensure_ascii"), indent, items, keys, p.isTrue("sort_keys"));
    return Value.Str.of(text.write(value));
  }
}
