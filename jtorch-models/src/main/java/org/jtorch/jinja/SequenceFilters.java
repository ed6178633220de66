package org.jtorch.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jtorch.jinja.Filters.Filter;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.CodePoints;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// Filters on what holds several values.
final class SequenceFilters {
  private SequenceFilters() {}

  static void addTo(Map<String, Filter> filters) {
    for (String name : List.of("length", "count")) {
      filters.put(name, (v, a, e) -> {
        a.bind(name);
        return Value.Int.of(Items.length(v, e.budget())
            .orElseThrow(() -> new PythonException("object of type '" + v.type() + "' has no len()")));
      });
    }
    filters.put("list", (v, a, e) -> {
      a.bind("list");
      return new Value.ListValue(Items.list(v, e.budget()));
    });
    filters.put("first", (v, a, _) -> {
      a.bind("first");
      return firstOf(Items.iterate(v), "No first item, sequence was empty.");
    });
    filters.put("last", (v, a, e) -> {
      a.bind("last");
      return firstOf(backwards(v, e).iterator(), "No last item, sequence was empty.");
    });
    filters.put("reverse", SequenceFilters::reverse);
    filters.put("join", SequenceFilters::join);
    filters.put("items", SequenceFilters::items);
    filters.put("dictsort", SequenceFilters::dictSort);
    filters.put("sort", (v, a, e) -> {
      var p = a.bind("sort", "reverse?", "case_sensitive?", "attribute?");
      var keys = AttributePath.several(p.get("attribute"), p.isTrue("case_sensitive"), e);
      Comparator<Value> order = Comparator.comparing(item -> new Value.ListValue(keys.stream().map(k -> k.apply(item)).toList()),
          e.order()::compare);
      return new Value.ListValue(sorted(Items.list(v, e.budget()), p.isTrue("reverse") ? order.reversed() : order, e));
    });
    filters.put("unique", SequenceFilters::unique);
    filters.put("min", (v, a, e) -> extreme("min", v, a, e, "<"));
    filters.put("max", (v, a, e) -> extreme("max", v, a, e, ">"));
    filters.put("sum", (v, a, e) -> {
      var p = a.bind("sum", "attribute?", "start?");
      var path = AttributePath.of(p.get("attribute"), true, Value.None.NONE, e);
      Value sum = p.get("start", Value.Int.of(0));
      if (sum instanceof Value.Str) {
        throw new PythonException("sum() can't sum strings; use the filter join");
      }
      for (Value item : Items.list(v, e.budget())) {
        sum = e.add(sum, path.apply(item));
      }
      return sum;
    });
    filters.put("batch", SequenceFilters::batch);
    filters.put("slice", SequenceFilters::slice);
    filters.put("groupby", SequenceFilters::groupBy);
  }

  private static Value firstOf(Iterator<Value> items, String otherwise) {
    return items.hasNext() ? items.next() : new Value.Undefined(otherwise);
  }

  /// Python's `list(reversed(value))`.
  private static List<Value> backwards(Value value, Evaluator e) {
    if (value instanceof Value.Generator || !Items.isIterable(value)) {
      throw new PythonException("'" + value.type() + "' object is not reversible");
    }
    var items = Items.list(value, e.budget());
    Collections.reverse(items);
    return items;
  }

  private static Value reverse(Value value, Arguments arguments, Evaluator e) {
    arguments.bind("reverse");
    return switch (value) {
      case Value.Str s -> new Value.Str(CodePoints.reversed(s.text()), s.safe());
      case Value.Generator g -> {
        var items = Items.list(g, e.budget());
        Collections.reverse(items);
        yield new Value.ListValue(items);
      }
      case Value v when Items.isIterable(v) -> new Value.Generator(backwards(v, e).iterator());
      case Value _ -> throw new PythonException("argument must be iterable");
    };
  }

  private static Value join(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("join", "d?", "attribute?");
    String separator = e.text(p.get("d", Value.Str.of("")));
    var path = AttributePath.of(p.get("attribute"), true, Value.None.NONE, e);
    var out = new StringBuilder();
    boolean first = true;
    for (var i = Items.iterate(value); i.hasNext(); first = false) {
      e.budget().steps(1);
      String text = e.text(path.apply(i.next()));
      e.budget().characters(separator.length() + text.length());
      out.append(first ? "" : separator).append(text);
    }
    return Value.Str.of(out.toString());
  }

  private static Value items(Value value, Arguments arguments, Evaluator e) {
    arguments.bind("items");
    return switch (value) {
      case Value.Undefined _ -> new Value.Generator(Collections.emptyIterator());
      case Value.Dict(var entries) -> new Value.Generator(entries.entrySet().stream()
          .<Value>map(entry -> Value.Tuple.of(entry.getKey(), entry.getValue())).iterator());
      case Value _ -> throw new PythonException("Can only get item pairs from a mapping.");
    };
  }

  private static Value dictSort(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("dictsort", "case_sensitive?", "by?", "reverse?");
    String by = p.has("by") ? p.requiredText("by") : "key";
    if (!by.equals("key") && !by.equals("value")) {
      throw new PythonException("You can only sort by either \"key\" or \"value\"");
    }
    if (!(value instanceof Value.Dict(var entries))) {
      throw new PythonException("dictsort() needs a dict, not " + value.type());
    }
    Comparator<Value.Tuple> order = Comparator.comparing(pair -> {
      Value key = pair.items().get(by.equals("key") ? 0 : 1);
      return p.isTrue("case_sensitive") ? key : AttributePath.ignoringCase(key);
    }, e.order()::compare);
    var pairs = new ArrayList<>(entries.entrySet().stream().map(entry -> Value.Tuple.of(entry.getKey(), entry.getValue())).toList());
    return new Value.ListValue(List.copyOf(sorted(pairs, p.isTrue("reverse") ? order.reversed() : order, e)));
  }

  private static <T extends Value> List<T> sorted(List<T> items, Comparator<? super T> order, Evaluator e) {
    e.budget().steps(items.size());
    items.sort(order);
    return items;
  }

  private static Value unique(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("unique", "case_sensitive?", "attribute?");
    var path = AttributePath.of(p.get("attribute"), p.isTrue("case_sensitive"), Value.None.NONE, e);
    return Lazily.generator(() -> {
      var seen = new HashSet<Value>();
      return Lazily.filtered(Items.iterate(value), item -> seen.add(Items.hashable(path.apply(item))));
    });
  }

  private static Value extreme(String name, Value value, Arguments arguments, Evaluator e, String better) {
    var p = arguments.bind(name, "case_sensitive?", "attribute?");
    var path = AttributePath.of(p.get("attribute"), p.isTrue("case_sensitive"), Value.None.NONE, e);
    Value best = null;
    for (Value item : Items.list(value, e.budget())) {
      best = best == null || e.order().holds(better, path.apply(item), path.apply(best)) ? item : best;
    }
    return best == null ? new Value.Undefined("No aggregated item, sequence was empty.") : best;
  }

  private static Value batch(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("batch", "linecount", "fill_with?");
    int size = p.whole("linecount", 0);
    var batches = new ArrayList<Value>();
    var batch = new ArrayList<Value>();
    for (Value item : Items.list(value, e.budget())) {
      if (batch.size() == size) {
        batches.add(new Value.ListValue(List.copyOf(batch)));
        batch.clear();
      }
      batch.add(item);
    }
    if (!batch.isEmpty()) {
      int missing = p.get("fill_with") instanceof Value.None ? 0 : size - batch.size();
      batches.add(new Value.ListValue(filled(batch, missing, p.get("fill_with"), e)));
    }
    return new Value.Generator(batches.iterator());
  }

  private static List<Value> filled(List<Value> items, int count, Value fill, Evaluator e) {
    e.budget().steps(count);
    var all = new ArrayList<>(items);
    all.addAll(Collections.nCopies(Math.max(0, count), fill));
    return all;
  }

  private static Value slice(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("slice", "slices", "fill_with?");
    var items = Items.list(value, e.budget());
    int count = p.whole("slices", 0);
    if (count == 0) {
      throw new PythonException("integer division or modulo by zero");
    }
    e.budget().steps(count);
    var slices = new ArrayList<Value>();
    int start = 0;
    for (int i = 0; i < count; i++) {
      boolean extra = i < items.size() % count;
      int end = start + items.size() / count + (extra ? 1 : 0);
      int missing = extra || p.get("fill_with") instanceof Value.None ? 0 : 1;
      slices.add(new Value.ListValue(filled(items.subList(start, end), missing, p.get("fill_with"), e)));
      start = end;
    }
    return new Value.Generator(slices.iterator());
  }

  private static Value groupBy(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("groupby", "attribute", "default?", "case_sensitive?");
    var key = AttributePath.of(p.get("attribute"), p.isTrue("case_sensitive"), p.get("default"), e);
    var shown = AttributePath.of(p.get("attribute"), true, p.get("default"), e);
    var groups = new ArrayList<Value>();
    var items = sorted(Items.list(value, e.budget()), Comparator.comparing(key, e.order()::compare), e);
    for (int start = 0, end = 0; start < items.size(); start = end) {
      while (end < items.size() && e.order().equal(key.apply(items.get(end)), key.apply(items.get(start)))) {
        end++;
      }
      groups.add(new Value.Tuple(List.of(shown.apply(items.get(start)), new Value.ListValue(List.copyOf(items.subList(start, end)))),
          List.of("grouper", "list")));
    }
    return new Value.ListValue(groups);
  }
}
