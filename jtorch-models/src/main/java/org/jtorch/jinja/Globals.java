package org.jtorch.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.Lookup;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Repr;
import org.jtorch.jinja.python.Value;

/// The functions that every template has.
final class Globals {
  private static final int LONGEST_RANGE = 100_000;

  private Globals() {}

  static Scope scope(Budget budget, Clock clock) {
    return new Scope(null)
        .with("range", (Value.Callable) a -> range(a, budget))
        .with("dict", (Value.Callable) a -> dict(a, budget))
        .with("namespace", (Value.Callable) a -> new Namespace(Lookup.keywords(dict(a, budget)), budget))
        .with("cycler", (Value.Callable) Cycler::new)
        .with("joiner", (Value.Callable) Globals::joiner)
        .with("raise_exception", (Value.Callable) a -> {
          throw new TemplateException.Refusal(new Repr(budget).text(a.bind("raise_exception", "message").get("message")));
        })
        .with("strftime_now", (Value.Callable) a ->
            budget.text(Strftime.format(a.bind("strftime_now", "format").requiredText("format"), ZonedDateTime.now(clock))));
  }

  private static Value range(Arguments given, Budget budget) {
    boolean stopOnly = given.positional().size() == 1;
    var p = stopOnly ? given.bind("range", "stop") : given.bind("range", "start", "stop", "step?");
    long start = p.whole("start", 0);
    long stop = p.whole("stop", 0);
    long step = p.whole("step", 1);
    if (step == 0) {
      throw new PythonException("range() arg 3 must not be zero");
    }
    long way = step > 0 ? stop - start : start - stop;
    long size = way <= 0 ? 0 : (way + Math.abs(step) - 1) / Math.abs(step);
    if (size > LONGEST_RANGE) {
      throw new PythonException("a range of " + size + " numbers; templates may have at most " + LONGEST_RANGE);
    }
    budget.steps(size);
    return new Value.Range(start, stop, step, (int) size);
  }

  /// Python's `dict(...)`: of a dict or of pairs, and of arguments by name.
  static Value.Dict dict(Arguments given, Budget budget) {
    if (given.positional().size() > 1) {
      throw new PythonException("dict expected at most 1 argument, got " + given.positional().size());
    }
    SequencedMap<Value, Value> entries = given.positional().isEmpty() ? new LinkedHashMap<>()
        : Items.dict(given.positional().getFirst(), budget);
    given.named().forEach((name, value) -> entries.put(Value.Str.of(name), value));
    return new Value.Dict(entries);
  }

  private static Value joiner(Arguments given) {
    Value separator = given.bind("joiner", "sep?").get("sep", Value.Str.of(", "));
    var used = new boolean[1];
    return (Value.Callable) a -> {
      a.bind("joiner");
      Value now = used[0] ? separator : Value.Str.of("");
      used[0] = true;
      return now;
    };
  }

  /// `cycler(...)`: goes round through its items.
  private static final class Cycler implements Value.HasAttributes {
    private final Arguments items;
    private int at;

    Cycler(Arguments items) {
      items.named().keySet().stream().findFirst().ifPresent(name -> {
        throw new PythonException("cycler() has no argument called `" + name + "`");
      });
      if (items.positional().isEmpty()) {
        throw new PythonException("at least one item has to be provided");
      }
      this.items = items;
    }

    @Override public @Nullable Value attribute(String name) {
      return switch (name) {
        case "current" -> items.positional().get(at);
        case "next" -> (Value.Callable) a -> {
          a.bind("next");
          Value now = items.positional().get(at);
          at = (at + 1) % items.positional().size();
          return now;
        };
        case "reset" -> (Value.Callable) a -> {
          a.bind("reset");
          at = 0;
          return Value.None.NONE;
        };
        default -> null;
      };
    }

    @Override public String type() {
      return "Cycler";
    }
  }
}
