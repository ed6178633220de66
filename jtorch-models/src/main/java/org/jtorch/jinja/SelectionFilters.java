package org.jtorch.jinja;

import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jtorch.jinja.Filters.Filter;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// `map`, and the filters that let items through by a test. They answer iterators that are read once, as in Jinja.
final class SelectionFilters {
  private SelectionFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("map", (v, a, e) -> Lazily.generator(() -> v.isTrue() ? Lazily.mapped(Items.iterate(v), mapping(a, e))
        : Collections.emptyIterator()));
    filters.put("select", selection(false, true));
    filters.put("reject", selection(false, false));
    filters.put("selectattr", selection(true, true));
    filters.put("rejectattr", selection(true, false));
  }

  private static UnaryOperator<Value> mapping(Arguments arguments, Evaluator e) {
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      var p = arguments.bind("map", "attribute", "default?");
      return AttributePath.of(p.get("attribute"), true, p.get("default"), e);
    }
    if (arguments.positional().isEmpty()) {
      throw new PythonException("map requires a filter argument");
    }
    String name = e.text(arguments.positional().getFirst());
    return item -> e.filter(name, item, arguments.rest());
  }

  private static Filter selection(boolean byAttribute, boolean wanted) {
    return (value, arguments, e) -> Lazily.generator(() -> value.isTrue() ? selected(value, arguments, e, byAttribute, wanted)
        : Collections.emptyIterator());
  }

  private static Iterator<Value> selected(Value value, Arguments arguments, Evaluator e, boolean byAttribute, boolean wanted) {
    if (byAttribute && arguments.positional().isEmpty()) {
      throw new PythonException("Missing parameter for attribute name");
    }
    Value attribute = byAttribute ? arguments.positional().getFirst() : Value.None.NONE;
    var path = AttributePath.of(attribute, true, Value.None.NONE, e);
    var test = byAttribute ? arguments.rest() : arguments;
    if (test.positional().isEmpty()) {
      return Lazily.filtered(Items.iterate(value), item -> path.apply(item).isTrue() == wanted);
    }
    String name = e.text(test.positional().getFirst());
    return Lazily.filtered(Items.iterate(value), item -> e.test(name, path.apply(item), test.rest()) == wanted);
  }
}
