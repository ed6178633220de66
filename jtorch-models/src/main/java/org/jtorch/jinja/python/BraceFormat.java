package org.jtorch.jinja.python;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `'{} has {count:>5}'.format(name, count=3)`.
final class BraceFormat {
  private static final Pattern PART = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)]");
  private final Budget budget;
  private final Arguments arguments;
  private int next;

  BraceFormat(Budget budget, Arguments arguments) {
    this.budget = budget;
    this.arguments = arguments;
  }

  Value format(Value.Str format) {
    String text = expand(format.text(), format.safe(), 2);
    budget.characters(text.length());
    return new Value.Str(text, format.safe());
  }

  /// @param levels how deep fields may stand in one another: one in the specification of one, no deeper
  private String expand(String text, boolean safe, int levels) {
    if (levels == 0) {
      throw new PythonException("Max string recursion exceeded");
    }
    var out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if ((c == '{' || c == '}') && text.startsWith(String.valueOf(c), i + 1)) {
        out.append(c);
        i++;
      } else if (c == '}') {
        throw new PythonException("Single '}' encountered in format string");
      } else if (c == '{') {
        int end = end(text, i);
        out.append(field(text.substring(i + 1, end), safe, levels));
        i = end;
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static int end(String text, int start) {
    int depth = 0;
    for (int i = start; i < text.length(); i++) {
      depth += text.charAt(i) == '{' ? 1 : text.charAt(i) == '}' ? -1 : 0;
      if (depth == 0) {
        return i;
      }
    }
    throw new PythonException("expected '}' before end of string");
  }

  private String field(String field, boolean safe, int levels) {
    int colon = field.indexOf(':');
    String head = colon < 0 ? field : field.substring(0, colon);
    int mark = head.indexOf('!');
    Value value = value(mark < 0 ? head : head.substring(0, mark));
    if (mark >= 0) {
      value = Value.Str.of(switch (head.substring(mark + 1)) {
        case "s" -> new Repr(budget).text(value);
        case "r" -> new Repr(budget).repr(value);
        case String other -> throw new PythonException("Unknown conversion specifier " + other);
      });
    }
    String spec = colon < 0 ? "" : expand(field.substring(colon + 1), safe, levels - 1);
    String text = FormatSpec.parse(spec).apply(value, budget);
    return safe && !(value instanceof Value.Str s && s.safe()) ? Html.escape(text) : text;
  }

  private Value value(String path) {
    int first = 0;
    while (first < path.length() && path.charAt(first) != '.' && path.charAt(first) != '[') {
      first++;
    }
    Value value = argument(path.substring(0, first));
    Matcher parts = PART.matcher(path).region(first, path.length());
    while (parts.find()) {
      String key = parts.group(2);
      value = parts.group(1) != null ? Lookup.attribute(value, parts.group(1), budget)
          : Lookup.item(value, key.matches("\\d{1,9}") ? Value.Int.of(Integer.parseInt(key)) : Value.Str.of(key), budget);
    }
    return value;
  }

  private Value argument(String name) {
    if (name.isEmpty() || name.matches("\\d{1,9}")) {
      int index = name.isEmpty() ? next++ : Integer.parseInt(name);
      if (index >= arguments.positional().size()) {
        throw new PythonException("Replacement index " + index + " out of range for positional args tuple");
      }
      return arguments.positional().get(index);
    }
    Value value = arguments.named().get(name);
    if (value == null) {
      throw new PythonException("there is no argument `" + name + "` to format");
    }
    return value;
  }
}
