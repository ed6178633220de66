package org.jtorch.jinja;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Statement.Signature;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// A macro, or what a `{% call %}` block gives to one as `caller`. It sees the variables around its definition as they are when it
/// is called.
final class Macro implements Value.HasAttributes, Value.Callable {
  private final @Nullable String name;
  private final Signature signature;
  private final Scope around;
  private final Evaluator evaluator;
  private final Function<Scope, String> body;

  Macro(@Nullable String name, Signature signature, Scope around, Evaluator evaluator, Function<Scope, String> body) {
    this.name = name;
    this.signature = signature;
    this.around = around;
    this.evaluator = evaluator;
    this.body = body;
  }

  @Override public Value call(Arguments given) {
    var scope = new Scope(around);
    var parameters = signature.parameters();
    var named = new LinkedHashMap<>(given.named());
    int firstDefault = parameters.size() - signature.defaults().size();
    for (int i = 0; i < parameters.size(); i++) {
      String parameter = parameters.get(i);
      Value value = i < given.positional().size() ? given.positional().get(i) : named.remove(parameter);
      scope.set(parameter, value != null ? value
          : i < firstDefault ? new Value.Undefined("parameter '" + parameter + "' was not provided")
          : evaluator.evaluate(signature.defaults().get(i - firstDefault), scope));
    }
    rest(given.positional(), named, scope);
    return evaluator.budget().text(body.apply(scope));
  }

  private void rest(List<Value> positional, LinkedHashMap<String, Value> named, Scope scope) {
    if (signature.uses().contains("caller") && !signature.parameters().contains("caller")) {
      Value caller = named.remove("caller");
      scope.set("caller", caller == null ? new Value.Undefined("No caller defined") : caller);
    }
    if (signature.uses().contains("kwargs")) {
      var entries = new LinkedHashMap<Value, Value>();
      named.forEach((key, value) -> entries.put(Value.Str.of(key), value));
      scope.set("kwargs", new Value.Dict(entries));
    } else if (!named.isEmpty()) {
      throw new PythonException(this + " takes no keyword argument '" + named.firstEntry().getKey() + "'");
    }
    int taken = Math.min(positional.size(), signature.parameters().size());
    if (signature.uses().contains("varargs")) {
      scope.set("varargs", new Value.Tuple(positional.subList(taken, positional.size())));
    } else if (positional.size() > taken) {
      throw new PythonException(this + " takes not more than " + taken + " argument(s)");
    }
  }

  @Override public @Nullable Value attribute(String attribute) {
    return switch (attribute) {
      case "name" -> name == null ? Value.None.NONE : Value.Str.of(name);
      case "arguments" -> new Value.Tuple(signature.parameters().stream().<Value>map(Value.Str::of).toList());
      case "caller" -> new Value.Bool(signature.uses().contains("caller"));
      case "catch_kwargs" -> new Value.Bool(signature.uses().contains("kwargs"));
      case "catch_varargs" -> new Value.Bool(signature.uses().contains("varargs"));
      default -> null;
    };
  }

  @Override public boolean isTrue() {
    return true;
  }

  @Override public String type() {
    return "Macro";
  }

  @Override public String toString() {
    return name == null ? "<Macro anonymous>" : "<Macro '" + name + "'>";
  }
}
