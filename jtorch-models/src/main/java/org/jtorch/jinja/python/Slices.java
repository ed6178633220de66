package org.jtorch.jinja.python;

import java.util.List;
import java.util.stream.IntStream;

/// `value[start:stop:step]`.
public final class Slices {
  private final Budget budget;

  public Slices(Budget budget) {
    this.budget = budget;
  }

  /// Each bound may be None.
  ///
  /// @throws PythonException if the value has no order, a bound is no integer, or the step is 0
  public Value slice(Value value, Value start, Value stop, Value step) {
    return switch (value) {
      case Value.Str s -> {
        budget.reading(s.text().length());
        int[] points = s.text().codePoints().toArray();
        var taken = new StringBuilder();
        Span.of(points.length, start, stop, step).indices().forEach(i -> taken.appendCodePoint(points[i]));
        budget.characters(taken.length());
        yield new Value.Str(taken.toString(), s.safe());
      }
      case Value.ListValue l -> new Value.ListValue(take(l.items(), start, stop, step));
      case Value.Tuple t -> new Value.Tuple(take(t.items(), start, stop, step));
      case Value.Range r -> {
        var span = Span.of(r.size(), start, stop, step);
        yield new Value.Range(r.start() + span.from() * r.step(), r.start() + span.to() * r.step(), r.step() * span.by(), span.count());
      }
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value v -> throw new PythonException("'" + v.type() + "' object cannot be sliced");
    };
  }

  private List<Value> take(List<Value> items, Value start, Value stop, Value step) {
    var taken = Span.of(items.size(), start, stop, step).indices().mapToObj(items::get).toList();
    budget.steps(taken.size());
    return taken;
  }

  /// Python's `slice.indices`: `count` of them, from `from` on, `by` apart, before `to`.
  private record Span(int from, int to, int by, int count) {
    static Span of(int size, Value start, Value stop, Value step) {
      int by = step instanceof Value.None ? 1 : clamp(step, -Integer.MAX_VALUE, Integer.MAX_VALUE, 0);
      if (by == 0) {
        throw new PythonException("slice step cannot be zero");
      }
      int lowest = by < 0 ? -1 : 0;
      int highest = by < 0 ? size - 1 : size;
      int from = start instanceof Value.None ? (by < 0 ? highest : lowest) : clamp(start, lowest, highest, size);
      int to = stop instanceof Value.None ? (by < 0 ? lowest : highest) : clamp(stop, lowest, highest, size);
      long width = Math.abs((long) by);
      long way = by < 0 ? (long) from - to : (long) to - from;
      return new Span(from, to, by, way <= 0 ? 0 : (int) ((way + width - 1) / width));
    }

    private static int clamp(Value bound, int lowest, int highest, int size) {
      if (!(bound instanceof Value.Whole n)) {
        throw new PythonException("slice indices must be integers or None, not " + bound.type());
      }
      var whole = n.whole();
      if (whole.bitLength() > 31) {
        return whole.signum() < 0 ? lowest : highest;
      }
      return (int) Math.clamp(whole.longValue() + (whole.signum() < 0 ? size : 0), lowest, highest);
    }

    IntStream indices() {
      return IntStream.range(0, count).map(i -> from + i * by);
    }
  }
}
