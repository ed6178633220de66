package org.jtorch.jinja.python;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Python's `json.dumps`.
public final class JsonText {
  private final Budget budget;
  private final boolean ascii;
  private final @Nullable String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final boolean sorted;
  private final StringBuilder out = new StringBuilder();

  /// @param ascii write `\\uXXXX` for all that is not ASCII
  /// @param indent what to write for each level; null for a single line
  public JsonText(Budget budget, boolean ascii, @Nullable String indent, String itemSeparator, String keySeparator, boolean sorted) {
    this.budget = budget;
    this.ascii = ascii;
    this.indent = indent;
    this.itemSeparator = itemSeparator;
    this.keySeparator = keySeparator;
    this.sorted = sorted;
  }

  /// @throws PythonException for what JSON cannot hold, undefined values among it
  public String write(Value value) {
    write(value, 0);
    budget.characters(out.length());
    return out.toString();
  }

  private void write(Value value, int level) {
    budget.steps(1);
    budget.enter();
    switch (value) {
      case Value.None _ -> out.append("null");
      case Value.Bool(boolean b) -> out.append(b);
      case Value.Int(var n) -> out.append(n);
      case Value.Real(double x) -> out.append(real(x));
      case Value.Str s -> quote(s.text());
      case Value.ListValue(var items) -> between('[', items.iterator(), level, i -> write(i, level + 1), ']');
      case Value.Tuple(var items, _) -> between('[', items.iterator(), level, i -> write(i, level + 1), ']');
      case Value.Dict(var entries) -> between('{', entries(entries), level, e -> {
        quote(key(e.getKey()));
        out.append(keySeparator);
        write(e.getValue(), level + 1);
      }, '}');
      case Value v -> throw new PythonException("Object of type " + v.type() + " is not JSON serializable"
          + (v instanceof Value.Undefined u ? ": " + u.why() : ""));
    }
    budget.leave();
  }

  private Iterator<Map.Entry<Value, Value>> entries(Map<Value, Value> entries) {
    List<Map.Entry<Value, Value>> list = new ArrayList<>(entries.entrySet());
    if (sorted) {
      list.sort(Map.Entry.comparingByKey(new Order(budget)::compare));
    }
    return list.iterator();
  }

  private static String key(Value key) {
    return switch (key) {
      case Value.Str s -> s.text();
      case Value.None _ -> "null";
      case Value.Bool(boolean b) -> String.valueOf(b);
      case Value.Int(var n) -> n.toString();
      case Value.Real(double x) -> real(x);
      case Value v -> throw new PythonException("keys must be str, int, float, bool or None, not " + v.type());
    };
  }

  private static String real(double value) {
    return Double.isNaN(value) ? "NaN" : Double.isInfinite(value) ? (value < 0 ? "-Infinity" : "Infinity") : Numbers.text(value);
  }

  private <T> void between(char open, Iterator<T> items, int level, Consumer<T> write, char close) {
    out.append(open);
    boolean first = true;
    for (; items.hasNext(); first = false) {
      out.append(first ? "" : itemSeparator);
      line(level + 1);
      write.accept(items.next());
    }
    if (!first) {
      line(level);
    }
    out.append(close);
  }

  private void line(int level) {
    if (indent != null) {
      budget.characters((long) level * indent.length());
      out.append('\n').repeat(indent, level);
    }
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\f' -> out.append("\\f");
        case '\b' -> out.append("\\b");
        default -> {
          if (c < ' ' || ascii && c > '~') {
            out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
