package org.jtorch.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Value;

/// Iterators that do nothing until they are asked, as Python's generators.
final class Lazily {
  private Lazily() {}

  static Iterator<Value> filtered(Iterator<Value> items, Predicate<Value> wanted) {
    return new Iterator<>() {
      private @Nullable Value ahead;

      @Override public boolean hasNext() {
        while (ahead == null && items.hasNext()) {
          Value item = items.next();
          ahead = wanted.test(item) ? item : null;
        }
        return ahead != null;
      }

      @Override public Value next() {
        if (!hasNext() || ahead == null) {
          throw new NoSuchElementException();
        }
        Value item = ahead;
        ahead = null;
        return item;
      }
    };
  }

  static Iterator<Value> mapped(Iterator<Value> items, UnaryOperator<Value> change) {
    return new Iterator<>() {
      @Override public boolean hasNext() {
        return items.hasNext();
      }

      @Override public Value next() {
        return change.apply(items.next());
      }
    };
  }

  /// What the supplier gives once the first item is asked for.
  static Value generator(Supplier<Iterator<Value>> items) {
    return new Value.Generator(new Iterator<>() {
      private @Nullable Iterator<Value> started;

      private Iterator<Value> start() {
        if (started == null) {
          started = items.get();
        }
        return started;
      }

      @Override public boolean hasNext() {
        return start().hasNext();
      }

      @Override public Value next() {
        return start().next();
      }
    });
  }
}
