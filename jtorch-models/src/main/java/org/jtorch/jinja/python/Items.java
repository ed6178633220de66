package org.jtorch.jinja.python;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What values hold: iteration, length, membership, items.
public final class Items {
  private static final int LARGEST_KEY = 1000;

  private Items() {}

  /// Python's `iter(value)`.
  ///
  /// @throws PythonException if the value cannot be iterated over
  public static Iterator<Value> iterate(Value value) {
    return switch (value) {
      case Value.Str s -> s.text().codePoints().<Value>mapToObj(c -> new Value.Str(Character.toString(c), s.safe())).iterator();
      case Value.ListValue l -> l.items().iterator();
      case Value.Tuple t -> t.items().iterator();
      case Value.Dict d -> d.entries().sequencedKeySet().iterator();
      case Value.DictView v -> v.items().iterator();
      case Value.Range r -> IntStream.range(0, r.size()).<Value>mapToObj(r::get).iterator();
      case Value.Generator g -> g.rest();
      case Value.Undefined _ -> Collections.emptyIterator();
      case Value v -> throw new PythonException("'" + v.type() + "' object is not iterable");
    };
  }

  public static boolean isIterable(Value value) {
    return switch (value) {
      case Value.Str _, Value.ListValue _, Value.Tuple _, Value.Dict _, Value.DictView _, Value.Range _, Value.Generator _,
          Value.Undefined _ -> true;
      case Value _ -> false;
    };
  }

  /// Python's `list(value)`.
  public static List<Value> list(Value value, Budget budget) {
    var items = new ArrayList<Value>();
    for (var i = iterate(value); i.hasNext(); ) {
      budget.steps(1);
      items.add(i.next());
    }
    return items;
  }

  /// Python's `len(value)`; empty if it has none.
  public static OptionalInt length(Value value, Budget budget) {
    return switch (value) {
      case Value.Str s -> {
        budget.reading(s.text().length());
        yield OptionalInt.of(CodePoints.count(s.text()));
      }
      case Value.ListValue l -> OptionalInt.of(l.items().size());
      case Value.Tuple t -> OptionalInt.of(t.items().size());
      case Value.Dict d -> OptionalInt.of(d.entries().size());
      case Value.DictView v -> OptionalInt.of(v.items().size());
      case Value.Range r -> OptionalInt.of(r.size());
      case Value.Undefined _ -> OptionalInt.of(0);
      case Value _ -> OptionalInt.empty();
    };
  }

  /// Python's `item in container`.
  public static boolean contains(Value container, Value item, Budget budget) {
    if (container instanceof Value.Str s) {
      if (item instanceof Value.Str part) {
        budget.searching(s.text(), part.text());
        return s.text().contains(part.text());
      }
      throw new PythonException("'in <string>' requires string as left operand, not " + item.type());
    }
    if (container instanceof Value.Dict d) {
      return d.entries().containsKey(hashable(item));
    }
    var order = new Order(budget);
    for (var i = iterate(container); i.hasNext(); ) {
      if (order.equal(i.next(), item)) {
        return true;
      }
    }
    return false;
  }

  /// A value that may be a key.
  ///
  /// @throws PythonException for lists and dicts, and for a tuple of more than a thousand values, which no template needs as a key
  public static Value hashable(Value key) {
    hashable(key, LARGEST_KEY);
    return key;
  }

  private static int hashable(Value key, int room) {
    if (key instanceof Value.ListValue || key instanceof Value.Dict) {
      throw new PythonException("unhashable type: '" + key.type() + "'");
    }
    int left = room - 1;
    if (key instanceof Value.Tuple t) {
      for (Value item : t.items()) {
        left = hashable(item, left);
      }
    }
    if (left < 0) {
      throw new PythonException("a tuple of more than " + LARGEST_KEY + " values as a key");
    }
    return left;
  }

  /// `value[key]`; null where Python raises a LookupError or a TypeError.
  public static @Nullable Value get(Value value, Value key, Budget budget) {
    return switch (value) {
      case Value.Dict d -> key instanceof Value.ListValue || key instanceof Value.Dict ? null : d.entries().get(hashable(key));
      case Value.ListValue l when key instanceof Value.Whole n -> at(l.items(), n);
      case Value.Tuple t when key instanceof Value.Whole n -> at(t.items(), n);
      case Value.Range r when key instanceof Value.Whole n -> {
        int index = index(n, r.size());
        yield index < 0 ? null : r.get(index);
      }
      case Value.Str s when key instanceof Value.Whole n -> {
        budget.reading(s.text().length());
        int index = index(n, CodePoints.count(s.text()));
        yield index < 0 ? null : new Value.Str(CodePoints.part(s.text(), index, index + 1), s.safe());
      }
      case Value _ -> null;
    };
  }

  private static @Nullable Value at(List<Value> items, Value.Whole number) {
    int index = index(number, items.size());
    return index < 0 ? null : items.get(index);
  }

  /// -1 if out of bounds.
  private static int index(Value.Whole number, int size) {
    if (number.whole().bitLength() > 31) {
      return -1;
    }
    int n = number.whole().intValue();
    int index = n < 0 ? n + size : n;
    return index < size ? Math.max(-1, index) : -1;
  }

  /// Python's `dict(value)`: of a dict, or of pairs.
  public static SequencedMap<Value, Value> dict(Value value, Budget budget) {
    if (value instanceof Value.Dict d) {
      return new LinkedHashMap<>(d.entries());
    }
    var entries = new LinkedHashMap<Value, Value>();
    for (Value pair : list(value, budget)) {
      var both = list(pair, budget);
      if (both.size() != 2) {
        throw new PythonException("dict() needs pairs of key and value, not " + both.size() + " values");
      }
      entries.put(hashable(both.getFirst()), both.getLast());
    }
    return entries;
  }
}
