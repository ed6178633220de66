package org.jtorch.jinja;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Repr;
import org.jtorch.jinja.python.Value;

/// `namespace(...)`: what blocks may set and keep.
final class Namespace implements Value.HasAttributes {
  private final Map<String, Value> attributes = new LinkedHashMap<>();
  private final Budget budget;

  Namespace(Map<String, Value> attributes, Budget budget) {
    this.attributes.putAll(attributes);
    this.budget = budget;
  }

  void set(String name, Value value) {
    attributes.put(name, value);
  }

  @Override public @Nullable Value attribute(String name) {
    return attributes.get(name);
  }

  @Override public String type() {
    return "Namespace";
  }

  @Override public String toString() {
    var repr = new Repr(budget);
    return attributes.entrySet().stream().map(e -> repr.repr(Value.Str.of(e.getKey())) + ": " + repr.repr(e.getValue()))
        .collect(Collectors.joining(", ", "<Namespace {", "}>"));
  }
}
