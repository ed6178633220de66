package org.jtorch.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jtorch.jinja.Filters.Filter;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Casing;
import org.jtorch.jinja.python.CodePoints;
import org.jtorch.jinja.python.Html;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.PercentFormat;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Searching;
import org.jtorch.jinja.python.Splitting;
import org.jtorch.jinja.python.Value;

/// Filters that make text of text.
final class TextFilters {
  private static final Pattern BETWEEN_WORDS = Pattern.compile("[-({\\[<\\s\\x1c-\\x1f]+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~";

  private TextFilters() {}

  static void addTo(Map<String, Filter> filters) {
    filters.put("upper", mapped("upper", Casing::upper));
    filters.put("lower", mapped("lower", Casing::lower));
    filters.put("capitalize", mapped("capitalize", Casing::capitalize));
    filters.put("title", mapped("title", TextFilters::title));
    filters.put("trim", (v, a, e) -> {
      String characters = a.bind("trim", "chars?").text("chars");
      e.budget().searching(soft(v, e).text(), characters == null ? "" : characters);
      return change(v, e, s -> Splitting.strip(s, characters, true, true));
    });
    filters.put("center", (v, a, e) -> {
      int width = a.bind("center", "width?").whole("width", 80);
      return change(v, e, s -> Searching.justify(s, width, " ", "^", e.budget()));
    });
    filters.put("replace", TextFilters::replace);
    filters.put("indent", TextFilters::indent);
    filters.put("truncate", TextFilters::truncate);
    filters.put("format", (v, a, e) -> {
      if (!a.positional().isEmpty() && !a.named().isEmpty()) {
        throw new PythonException("can't handle positional and keyword arguments at the same time");
      }
      Value given = a.named().isEmpty() ? new Value.Tuple(a.positional()) : Globals.dict(a, e.budget());
      return new PercentFormat(e.budget()).format(soft(v, e), given);
    });
    filters.put("wordcount", (v, a, e) -> {
      a.bind("wordcount");
      return Value.Int.of(words(soft(v, e).text()));
    });
    for (String name : List.of("e", "escape")) {
      filters.put(name, (v, a, e) -> {
        a.bind(name);
        return new Value.Str(Html.escape(soft(v, e)), true);
      });
    }
    filters.put("forceescape", (v, a, e) -> {
      a.bind("forceescape");
      return new Value.Str(Html.escape(soft(v, e).text()), true);
    });
    filters.put("safe", (v, a, e) -> {
      a.bind("safe");
      return new Value.Str(e.text(v), true);
    });
    filters.put("urlencode", TextFilters::urlencode);
  }

  /// Python's `str(value)`, which leaves safe strings safe.
  static Value.Str soft(Value value, Evaluator evaluator) {
    return value instanceof Value.Str s ? s : Value.Str.of(evaluator.text(value));
  }

  private static Filter mapped(String name, UnaryOperator<String> change) {
    return (v, a, e) -> {
      a.bind(name);
      return change(v, e, change);
    };
  }

  private static Value change(Value value, Evaluator evaluator, UnaryOperator<String> change) {
    Value.Str text = soft(value, evaluator);
    evaluator.budget().characters(text.text().length());
    return new Value.Str(change.apply(text.text()), text.safe());
  }

  /// Runs of letters, digits and `_`.
  private static int words(String text) {
    int words = 0;
    boolean inside = false;
    for (int c : text.codePoints().toArray()) {
      boolean part = c == '_' || Casing.isAlphanumeric(c);
      words += part && !inside ? 1 : 0;
      inside = part;
    }
    return words;
  }

  /// Words begin behind white space and behind `-({[<`, and nowhere else.
  private static String title(String text) {
    var out = new StringBuilder();
    int copied = 0;
    for (var between : BETWEEN_WORDS.matcher(text).results().toList()) {
      out.append(titled(text.substring(copied, between.start()))).append(between.group());
      copied = between.end();
    }
    return out.append(titled(text.substring(copied))).toString();
  }

  private static String titled(String word) {
    int first = word.isEmpty() ? 0 : Character.charCount(word.codePointAt(0));
    return Casing.upper(word.substring(0, first)) + Casing.lower(word.substring(first));
  }

  private static Value replace(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("replace", "old", "new", "count?");
    int count = p.get("count") instanceof Value.None ? -1 : p.whole("count", -1);
    return Value.Str.of(Searching.replace(e.text(value), e.text(p.get("old")), e.text(p.get("new")), count, e.budget()));
  }

  private static Value indent(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("indent", "width?", "first?", "blank?");
    if (!(value instanceof Value.Str text)) {
      throw new PythonException("indent() needs a string, not " + value.type());
    }
    String indentation = p.get("width") instanceof Value.Str given ? given.text() : blanks(p.whole("width", 4), e.budget());
    var lines = new ArrayList<>(Splitting.lines(text.text() + "\n", false));
    e.budget().characters(text.text().length() + (long) lines.size() * indentation.length());
    var out = new StringBuilder(p.isTrue("first") ? indentation : "").append(lines.removeFirst());
    for (String line : lines) {
      out.append('\n').append(p.isTrue("blank") || !line.isEmpty() ? indentation : "").append(line);
    }
    return new Value.Str(out.toString(), text.safe());
  }

  private static String blanks(int width, Budget budget) {
    budget.characters(width);
    return " ".repeat(Math.max(0, width));
  }

  private static Value truncate(Value value, Arguments arguments, Evaluator e) {
    var p = arguments.bind("truncate", "length?", "killwords?", "end?", "leeway?");
    int length = p.whole("length", 255);
    String end = p.has("end") ? p.requiredText("end") : "...";
    int leeway = p.get("leeway") instanceof Value.None ? 5 : p.whole("leeway", 5);
    int kept = length - CodePoints.count(end);
    if (kept < 0 || leeway < 0) {
      throw new PythonException("truncate() needs a length of at least that of its end, and no negative leeway");
    }
    if (Items.length(value, e.budget()).orElse(Integer.MAX_VALUE) <= (long) length + leeway) {
      return value;
    }
    if (!(value instanceof Value.Str text)) {
      throw new PythonException("truncate() needs a string, not " + value.type());
    }
    String cut = CodePoints.part(text.text(), 0, kept);
    int blank = p.isTrue("killwords") ? -1 : cut.lastIndexOf(' ');
    return new Value.Str((blank < 0 ? cut : cut.substring(0, blank)) + end, text.safe());
  }

  private static Value urlencode(Value value, Arguments arguments, Evaluator e) {
    arguments.bind("urlencode");
    BiFunction<Value, Boolean, String> quote = (v, query) -> quote(e.text(v), query);
    if (value instanceof Value.Str || !Items.isIterable(value)) {
      return e.budget().text(quote.apply(value, false));
    }
    var pairs = new ArrayList<String>();
    Items.dict(value, e.budget()).forEach((key, item) -> pairs.add(quote.apply(key, true) + "=" + quote.apply(item, true)));
    return e.budget().text(String.join("&", pairs));
  }

  private static String quote(String text, boolean query) {
    var out = new StringBuilder();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (UNRESERVED.indexOf(c) >= 0 || c == '/' && !query) {
        out.append(c);
      } else {
        out.append(c == ' ' && query ? "+" : String.format(Locale.ROOT, "%%%02X", (int) c));
      }
    }
    return out.toString();
  }
}
