package org.jtorch.jinja.python;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// The arguments of a call: by position, and by name.
public record Arguments(List<Value> positional, SequencedMap<String, Value> named) {
  public static final Arguments NONE = of(List.of());

  public static Arguments of(List<Value> positional) {
    return new Arguments(positional, new LinkedHashMap<>());
  }

  /// The arguments without the first by position.
  public Arguments rest() {
    return new Arguments(positional.subList(1, positional.size()), named);
  }

  /// Gives each argument its parameter.
  ///
  /// @param parameters names in order; a `?` after a name says that it may be left out
  /// @throws PythonException if one is missing, unknown or given twice
  public Bound bind(String function, String... parameters) {
    var values = new HashMap<String, Value>();
    var unknown = new ArrayList<>(named.keySet());
    for (int i = 0; i < parameters.length; i++) {
      boolean optional = parameters[i].endsWith("?");
      String name = optional ? parameters[i].substring(0, parameters[i].length() - 1) : parameters[i];
      Value byName = named.get(name);
      unknown.remove(name);
      if (i < positional.size() && byName != null) {
        throw new PythonException(function + "() got two values for `" + name + "`");
      }
      if (i < positional.size()) {
        values.put(name, positional.get(i));
      } else if (byName != null) {
        values.put(name, byName);
      } else if (!optional) {
        throw new PythonException(function + "() misses its argument `" + name + "`");
      }
    }
    if (positional.size() > parameters.length) {
      throw new PythonException(function + "() takes " + parameters.length + " arguments but got " + positional.size());
    }
    if (!unknown.isEmpty()) {
      throw new PythonException(function + "() has no argument called `" + unknown.getFirst() + "`");
    }
    return new Bound(function, values);
  }

  /// Arguments by the names of their parameters.
  public record Bound(String function, Map<String, Value> values) {
    public boolean has(String name) {
      return values.containsKey(name);
    }

    /// The argument, or `otherwise` if it was left out.
    public Value get(String name, Value otherwise) {
      return values.getOrDefault(name, otherwise);
    }

    /// An argument that [#bind] made sure of.
    public Value get(String name) {
      return get(name, Value.None.NONE);
    }

    public boolean isTrue(String name) {
      return get(name, new Value.Bool(false)).isTrue();
    }

    /// An argument that must be a string; null if it was left out or is None.
    public @Nullable String text(String name) {
      return switch (get(name)) {
        case Value.None _ -> null;
        case Value.Str s -> s.text();
        case Value v -> throw new PythonException(function + "(): `" + name + "` must be a string, not " + v.type());
      };
    }

    /// An argument that must be a string.
    public String requiredText(String name) {
      String text = text(name);
      if (text == null) {
        throw new PythonException(function + "(): `" + name + "` must be a string, not NoneType");
      }
      return text;
    }

    /// An argument that must be an integer; values beyond the range of an int are cut to it.
    public int whole(String name, int otherwise) {
      return switch (get(name, Value.Int.of(otherwise))) {
        case Value.Whole n -> n.whole().min(BigInteger.valueOf(Integer.MAX_VALUE)).max(BigInteger.valueOf(-Integer.MAX_VALUE)).intValue();
        case Value v -> throw new PythonException(function + "(): `" + name + "` must be an integer, not " + v.type());
      };
    }
  }
}
