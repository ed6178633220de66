package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Values of Java that a template may see, as Python's.
public final class FromJava {
  private FromJava() {}

  /// @param given null, a Boolean, Number, String, a Value, or lists and maps of these
  /// @throws IllegalArgumentException for any other object
  public static Value value(@Nullable Object given) {
    return switch (given) {
      case null -> Value.None.NONE;
      case Value v -> v;
      case Boolean b -> new Value.Bool(b);
      case String s -> Value.Str.of(s);
      case BigInteger n -> new Value.Int(n);
      case Integer n -> Value.Int.of(n);
      case Long n -> Value.Int.of(n);
      case Double x -> new Value.Real(x);
      case Float x -> new Value.Real(x);
      case BigDecimal x -> new Value.Real(x.doubleValue());
      case Iterable<?> many -> {
        var items = new ArrayList<Value>();
        many.forEach(item -> items.add(value(item)));
        yield new Value.ListValue(items);
      }
      case Map<?, ?> map -> {
        var entries = new LinkedHashMap<Value, Value>();
        map.forEach((key, item) -> entries.put(Items.hashable(value(key)), value(item)));
        yield new Value.Dict(entries);
      }
      default -> throw new IllegalArgumentException("a template cannot hold a " + given.getClass().getName()
          + "; give strings, numbers, booleans, null, and lists and maps of them");
    };
  }

  /// How many characters all strings in a value have together.
  public static long characters(Value value) {
    return switch (value) {
      case Value.Str s -> s.text().length();
      case Value.ListValue(var items) -> items.stream().mapToLong(FromJava::characters).sum();
      case Value.Dict(var entries) -> entries.entrySet().stream().mapToLong(e -> characters(e.getKey()) + characters(e.getValue())).sum();
      case Value _ -> 0;
    };
  }
}
