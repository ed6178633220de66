package org.jtorch.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// All filters by name.
final class Filters {
  /// `value | name(arguments)`.
  interface Filter {
    Value apply(Value value, Arguments arguments, Evaluator evaluator);
  }

  /// What Jinja2 has beside: chance, HTML, and layouts for people to read.
  private static final Set<String> LEFT_OUT = Set.of("filesizeformat", "pprint", "random", "striptags", "urlize", "wordwrap", "xmlattr");
  private static final Map<String, Filter> ALL = all();

  private Filters() {}

  private static Map<String, Filter> all() {
    var all = new HashMap<String, Filter>();
    TextFilters.addTo(all);
    ValueFilters.addTo(all);
    SequenceFilters.addTo(all);
    SelectionFilters.addTo(all);
    return Map.copyOf(all);
  }

  static boolean has(String name) {
    return ALL.containsKey(name);
  }

  static Filter find(String name) {
    Filter filter = ALL.get(name);
    if (filter == null) {
      throw new PythonException(problem(name));
    }
    return filter;
  }

  /// @throws TemplateException if there is no such filter
  static void require(String name, int line) {
    if (!has(name)) {
      throw new TemplateException(line, problem(name));
    }
  }

  private static String problem(String name) {
    return LEFT_OUT.contains(name) ? "the filter `" + name + "` is not supported in chat templates"
        : "there is no filter called `" + name + "`";
  }
}
