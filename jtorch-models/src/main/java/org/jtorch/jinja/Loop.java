package org.jtorch.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.Order;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// The variable `loop`. Reads no further ahead than it is asked to, as Jinja's does.
final class Loop implements Value.HasAttributes, Value.Callable {
  private final Value iterated;
  private final Budget budget;
  private final int depth;
  private final @Nullable UnaryOperator<Value> recursion;
  private Iterator<Value> rest;
  private int index = -1;
  private int length = -1;
  private @Nullable Value before;
  private @Nullable Value current;
  private @Nullable Value after;
  private @Nullable Value lastChanged;

  /// @param iterated what is looped over, for its length
  /// @param rest its items
  /// @param depth how many loops of the same recursion are around this one
  /// @param recursion what `loop(items)` does; null if the loop is not recursive
  Loop(Value iterated, Iterator<Value> rest, int depth, @Nullable UnaryOperator<Value> recursion, Budget budget) {
    this.budget = budget;
    this.iterated = iterated;
    this.rest = rest;
    this.depth = depth;
    this.recursion = recursion;
  }

  boolean hasNext() {
    return peek() != null;
  }

  Value next() {
    before = current;
    current = take();
    index++;
    return current;
  }

  @Override public @Nullable Value attribute(String name) {
    return switch (name) {
      case "index" -> Value.Int.of(index + 1L);
      case "index0" -> Value.Int.of(index);
      case "revindex" -> Value.Int.of(length() - index);
      case "revindex0" -> Value.Int.of(length() - index - 1L);
      case "length" -> Value.Int.of(length());
      case "first" -> new Value.Bool(index == 0);
      case "last" -> new Value.Bool(!hasNext());
      case "depth" -> Value.Int.of(depth + 1L);
      case "depth0" -> Value.Int.of(depth);
      case "previtem" -> before == null ? new Value.Undefined("there is no previous item") : before;
      case "nextitem" -> peek() instanceof Value next ? next : new Value.Undefined("there is no next item");
      case "cycle" -> (Value.Callable) this::cycle;
      case "changed" -> (Value.Callable) this::changed;
      default -> null;
    };
  }

  private int length() {
    if (length < 0) {
      length = Items.length(iterated, budget).orElseGet(() -> index + 1 + readAll());
    }
    return length;
  }

  /// Reads all items that are still to come.
  private int readAll() {
    var items = new ArrayList<Value>();
    while (hasNext()) {
      items.add(take());
    }
    rest = items.iterator();
    return items.size();
  }

  private @Nullable Value peek() {
    if (after == null && rest.hasNext()) {
      after = rest.next();
    }
    return after;
  }

  private Value take() {
    Value item = peek();
    if (item == null) {
      throw new NoSuchElementException();
    }
    after = null;
    return item;
  }

  private Value cycle(Arguments arguments) {
    var items = arguments.positional();
    if (items.isEmpty()) {
      throw new PythonException("no items for cycling given");
    }
    return items.get(index % items.size());
  }

  private Value changed(Arguments arguments) {
    Value now = new Value.Tuple(arguments.positional());
    boolean changed = lastChanged == null || !new Order(budget).equal(now, lastChanged);
    lastChanged = now;
    return new Value.Bool(changed);
  }

  @Override public Value call(Arguments arguments) {
    if (recursion == null) {
      throw new PythonException("the loop must have the `recursive` marker to be called");
    }
    return recursion.apply(arguments.bind("loop", "iterable").get("iterable"));
  }

  @Override public boolean isTrue() {
    return length() > 0;
  }

  @Override public String type() {
    return "LoopContext";
  }

  @Override public String toString() {
    return "<LoopContext " + (index + 1) + "/" + length() + ">";
  }
}
