package org.jtorch.jinja.python;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `value.name` and `value[key]` as Jinja's sandbox looks them up.
public final class Lookup {
  /// Attributes of Python's numbers, ranges and functions, which templates here do not know.
  private static final Set<String> LEFT_OUT = Set.of("as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
      "from_bytes", "fromhex", "hex", "imag", "is_integer", "numerator", "real", "to_bytes");

  private Lookup() {}

  /// `value.name`: the attribute, else the item, else undefined.
  public static Value attribute(Value value, String name, Budget budget) {
    Value found = found(value, name, budget);
    found = found == null ? Items.get(value, Value.Str.of(name), budget) : found;
    return found == null ? missing(value, Value.Str.of(name), budget) : found;
  }

  /// `value[key]`: the item, else the attribute, else undefined.
  public static Value item(Value value, Value key, Budget budget) {
    if (value instanceof Value.Undefined u) {
      throw new PythonException(u.why());
    }
    Value found = Items.get(value, key, budget);
    if (found == null && key instanceof Value.Str name) {
      found = found(value, name.text(), budget);
    }
    return found == null ? missing(value, key, budget) : found;
  }

  /// The attribute alone; undefined if there is none.
  public static Value attributeOnly(Value value, String name, Budget budget) {
    Value found = found(value, name, budget);
    return found == null ? missing(value, Value.Str.of(name), budget) : found;
  }

  private static @Nullable Value found(Value value, String name, Budget budget) {
    return switch (value) {
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value.Str s -> StrMethods.find(s, name, budget);
      case Value.Dict d -> CollectionMethods.find(d, name, budget);
      case Value.ListValue l -> CollectionMethods.find(l, l.items(), name, budget);
      case Value.Tuple t when t.names().contains(name) -> t.items().get(t.names().indexOf(name));
      case Value.Tuple t -> CollectionMethods.find(t, t.items(), name, budget);
      case Value.Range r -> switch (name) {
        case "start" -> Value.Int.of(r.start());
        case "stop" -> Value.Int.of(r.stop());
        case "step" -> Value.Int.of(r.step());
        default -> CollectionMethods.find(r, Items.list(r, budget), name, budget);
      };
      case Value.HasAttributes o -> o.attribute(name);
      case Value.Numeric n when LEFT_OUT.contains(name) ->
          throw new PythonException("the attribute `" + name + "` of " + n.type() + ", which templates here do not know");
      case Value _ -> null;
    };
  }

  private static Value.Undefined missing(Value value, Value key, Budget budget) {
    String type = value instanceof Value.None ? "None" : value.type() + " object";
    return new Value.Undefined(key instanceof Value.Str name ? "'" + type + "' has no attribute '" + name.text() + "'"
        : type + " has no element " + new Repr(budget).repr(key));
  }

  /// The entries of a dict as arguments by name.
  public static SequencedMap<String, Value> keywords(Value mapping) {
    if (!(mapping instanceof Value.Dict(var entries))) {
      throw new PythonException("argument after ** must be a mapping, not " + mapping.type());
    }
    var named = new LinkedHashMap<String, Value>();
    entries.forEach((key, value) -> {
      if (!(key instanceof Value.Str name)) {
        throw new PythonException("keywords must be strings, not " + key.type());
      }
      named.put(name.text(), value);
    });
    return named;
  }
}
