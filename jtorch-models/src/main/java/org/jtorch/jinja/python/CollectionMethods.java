package org.jtorch.jinja.python;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The methods of `dict`, `list`, `tuple` and `range` that change nothing.
final class CollectionMethods {
  private static final Set<String> CHANGING = Set.of("append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse",
      "setdefault", "sort", "update");

  private CollectionMethods() {}

  static @Nullable Value find(Value.Dict self, String name, Budget budget) {
    return switch (name) {
      case "clear", "pop", "popitem", "setdefault", "update" -> changing(self, name);
      case "get" -> (Value.Callable) a -> {
        var p = a.bind("get", "key", "default?");
        Value found = self.entries().get(Items.hashable(p.get("key")));
        return found == null ? p.get("default") : found;
      };
      case "keys" -> view(Value.DictView.Part.KEYS, self, name, budget, entries -> entries.map(Map.Entry::getKey));
      case "values" -> view(Value.DictView.Part.VALUES, self, name, budget, entries -> entries.map(Map.Entry::getValue));
      case "items" -> view(Value.DictView.Part.ITEMS, self, name, budget,
          entries -> entries.map(e -> Value.Tuple.of(e.getKey(), e.getValue())));
      case "copy" -> (Value.Callable) a -> {
        a.bind("copy");
        return self;
      };
      case "fromkeys" -> throw new PythonException("the method `fromkeys` of dict, which templates here do not know");
      default -> null;
    };
  }

  private static Value view(Value.DictView.Part part, Value.Dict self, String name, Budget budget,
      Function<Stream<Map.Entry<Value, Value>>, Stream<Value>> items) {
    return (Value.Callable) a -> {
      a.bind(name);
      budget.steps(self.entries().size());
      return new Value.DictView(part, items.apply(self.entries().entrySet().stream()).toList());
    };
  }

  static @Nullable Value find(Value self, List<Value> items, String name, Budget budget) {
    boolean list = self instanceof Value.ListValue;
    return switch (name) {
      case "count" -> (Value.Callable) a -> {
        Value wanted = a.bind("count", "value").get("value");
        var order = new Order(budget);
        return Value.Int.of(items.stream().filter(item -> order.equal(item, wanted)).count());
      };
      case "index" -> (Value.Callable) a -> {
        Value wanted = a.bind("index", "value").get("value");
        var order = new Order(budget);
        return Value.Int.of(IntStream.range(0, items.size()).filter(i -> order.equal(items.get(i), wanted)).findFirst()
            .orElseThrow(() -> new PythonException("the value is not in the " + self.type())));
      };
      case "copy" -> list ? (Value.Callable) a -> {
        a.bind("copy");
        return self;
      } : null;
      default -> list && CHANGING.contains(name) && !name.equals("popitem") && !name.equals("setdefault") && !name.equals("update")
          ? changing(self, name) : null;
    };
  }

  /// As Jinja's immutable sandbox has it: not there, and an error that says why when it is called.
  private static Value changing(Value self, String name) {
    return new Value.Undefined("access to attribute '" + name + "' of '" + self.type() + "' object is unsafe: templates change nothing");
  }
}
