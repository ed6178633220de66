package org.jtorch.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Value;

/// The variables of a block, in those of the block around it. What is set inside is gone outside.
final class Scope {
  private final @Nullable Scope around;
  private final Map<String, Value> variables = new HashMap<>();

  Scope(@Nullable Scope around) {
    this.around = around;
  }

  /// Makes variables undefined, whatever they are outside.
  Scope without(Set<String> names) {
    names.forEach(name -> variables.put(name, undefined(name)));
    return this;
  }

  Scope with(String name, Value value) {
    variables.put(name, value);
    return this;
  }

  void set(String name, Value value) {
    variables.put(name, value);
  }

  /// The innermost variable of that name; undefined if there is none.
  Value get(String name) {
    for (Scope scope = this; scope != null; scope = scope.around) {
      Value value = scope.variables.get(name);
      if (value != null) {
        return value;
      }
    }
    return undefined(name);
  }

  private static Value undefined(String name) {
    return new Value.Undefined("'" + name + "' is undefined");
  }
}
