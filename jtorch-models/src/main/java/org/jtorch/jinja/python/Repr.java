package org.jtorch.jinja.python;

import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/// Python's `str(value)` and `repr(value)`.
public final class Repr {
  private final Budget budget;

  public Repr(Budget budget) {
    this.budget = budget;
  }

  /// What a template writes for the value.
  ///
  /// @throws PythonException for what Python would write with an address in memory
  public String text(Value value) {
    return switch (value) {
      case Value.Str s -> s.text();
      case Value.Undefined _ -> "";
      case Value v -> repr(v);
    };
  }

  public String repr(Value value) {
    var out = new StringBuilder();
    write(value, out);
    budget.characters(out.length());
    return out.toString();
  }

  private void write(Value value, StringBuilder out) {
    budget.steps(1);
    budget.enter();
    switch (value) {
      case Value.None _ -> out.append("None");
      case Value.Undefined _ -> out.append("Undefined");
      case Value.Bool(boolean b) -> out.append(b ? "True" : "False");
      case Value.Int(var n) -> out.append(n);
      case Value.Real(double x) -> out.append(Numbers.text(x));
      case Value.Str(String s, boolean safe) -> out.append(safe ? "Markup(" + quote(s) + ")" : quote(s));
      case Value.ListValue(var items) -> between(out, '[', items.iterator(), i -> write(i, out), ']');
      case Value.Tuple(var items, _) when items.size() == 1 -> {
        out.append('(');
        write(items.getFirst(), out);
        out.append(",)");
      }
      case Value.Tuple(var items, _) -> between(out, '(', items.iterator(), i -> write(i, out), ')');
      case Value.Dict(var entries) -> between(out, '{', entries.entrySet().iterator(), e -> entry(e, out), '}');
      case Value.DictView v -> {
        out.append(v.type()).append('(');
        between(out, '[', v.items().iterator(), i -> write(i, out), ']');
        out.append(')');
      }
      case Value.Range r -> out.append("range(").append(r.start()).append(", ").append(r.stop())
          .append(r.step() == 1 ? ")" : ", " + r.step() + ")");
      case Value.Generator _ -> throw new PythonException("a generator has no text; turn it into a list with `| list`, or `| join` it");
      case Value.HasAttributes o -> out.append(o);
      case Value.Callable c -> throw new PythonException("a " + c.type() + " has no text; call it with ()");
    }
    budget.leave();
  }

  private void entry(Map.Entry<Value, Value> entry, StringBuilder out) {
    write(entry.getKey(), out);
    out.append(": ");
    write(entry.getValue(), out);
  }

  private static <T> void between(StringBuilder out, char open, Iterator<T> items, Consumer<T> write, char close) {
    out.append(open);
    for (boolean first = true; items.hasNext(); first = false) {
      out.append(first ? "" : ", ");
      write.accept(items.next());
    }
    out.append(close);
  }

  private static String quote(String text) {
    char mark = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    var out = new StringBuilder().append(mark);
    text.codePoints().forEach(c -> {
      switch (c) {
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\\' -> out.append("\\\\");
        default -> {
          if (c == mark) {
            out.append('\\').append(mark);
          } else if (CodePoints.isPrintable(c)) {
            out.appendCodePoint(c);
          } else {
            out.append(String.format(Locale.ROOT, c < 256 ? "\\x%02x" : c < 65536 ? "\\u%04x" : "\\U%08x", c));
          }
        }
      }
    });
    return out.append(mark).toString();
  }
}
