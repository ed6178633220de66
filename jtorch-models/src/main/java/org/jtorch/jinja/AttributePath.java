package org.jtorch.jinja;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jtorch.jinja.python.Casing;
import org.jtorch.jinja.python.Lookup;
import org.jtorch.jinja.python.Value;

/// What filters such as `sort(attribute='address.city')` look at in each item.
final class AttributePath {
  private AttributePath() {}

  /// The value at the path.
  ///
  /// @param attribute a string with dots, a number, or None for the item itself
  /// @param caseSensitive whether strings keep their case
  /// @param otherwise what takes the place of undefined values; None for nothing
  static UnaryOperator<Value> of(Value attribute, boolean caseSensitive, Value otherwise, Evaluator e) {
    List<Value> keys = switch (attribute) {
      case Value.None _ -> List.of();
      case Value.Str s -> Arrays.stream(s.text().split("\\.", -1)).map(AttributePath::key).toList();
      case Value v -> List.of(v);
    };
    return item -> {
      Value value = item;
      for (Value key : keys) {
        value = Lookup.item(value, key, e.budget());
        value = value instanceof Value.Undefined && !(otherwise instanceof Value.None) ? otherwise : value;
      }
      return caseSensitive ? value : ignoringCase(value);
    };
  }

  /// The values at several paths with commas between them.
  static List<UnaryOperator<Value>> several(Value attribute, boolean caseSensitive, Evaluator e) {
    if (!(attribute instanceof Value.Str s)) {
      return List.of(of(attribute, caseSensitive, Value.None.NONE, e));
    }
    return Arrays.stream(s.text().split(",", -1)).map(path -> of(Value.Str.of(path), caseSensitive, Value.None.NONE, e)).toList();
  }

  private static Value key(String part) {
    return part.matches("\\d{1,9}") ? Value.Int.of(Integer.parseInt(part)) : Value.Str.of(part);
  }

  static Value ignoringCase(Value value) {
    return value instanceof Value.Str s ? new Value.Str(Casing.lower(s.text()), s.safe()) : value;
  }
}
