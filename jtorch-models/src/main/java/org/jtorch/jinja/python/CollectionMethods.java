package org.jtorch.jinja.python;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The methods of `dict`, `list` and `tuple` that change nothing.
final class CollectionMethods {
  private static final Set<String> CHANGING = Set.of("append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse",
      "setdefault", "sort", "update");

  private CollectionMethods() {}

  static @Nullable Value find(Value.Dict self, String name) {
    return switch (name) {
      case "clear", "pop", "popitem", "setdefault", "update" -> changing(self, name);
      case "get" -> (Value.Callable) a -> {
        var p = a.bind("get", "key", "default?");
        Value found = self.entries().get(Items.hashable(p.get("key")));
        return found == null ? p.get("default") : found;
      };
      case "keys" -> view(Value.DictView.Part.KEYS, name, List.copyOf(self.entries().keySet()));
      case "values" -> view(Value.DictView.Part.VALUES, name, List.copyOf(self.entries().values()));
      case "items" -> view(Value.DictView.Part.ITEMS, name,
          self.entries().entrySet().stream().<Value>map(e -> Value.Tuple.of(e.getKey(), e.getValue())).toList());
      case "copy" -> (Value.Callable) a -> {
        a.bind("copy");
        return self;
      };
      case "fromkeys" -> throw new PythonException("the method `fromkeys` of dict, which templates here do not know");
      default -> null;
    };
  }

  private static Value view(Value.DictView.Part part, String name, List<Value> items) {
    return (Value.Callable) a -> {
      a.bind(name);
      return new Value.DictView(part, items);
    };
  }

  static @Nullable Value find(Value self, List<Value> items, String name) {
    boolean list = self instanceof Value.ListValue;
    return switch (name) {
      case "count" -> (Value.Callable) a -> {
        Value wanted = a.bind("count", "value").get("value");
        return Value.Int.of(items.stream().filter(wanted::equals).count());
      };
      case "index" -> (Value.Callable) a -> {
        int at = new ArrayList<>(items).indexOf(a.bind("index", "value").get("value"));
        if (at < 0) {
          throw new PythonException("the value is not in the " + self.type());
        }
        return Value.Int.of(at);
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
