package org.jtorch.jinja.python;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The methods of `str`.
final class StrMethods {
  private interface Method {
    Value call(Value.Str self, Arguments arguments, Budget budget);
  }

  /// What Python has and templates here do not.
  private static final Set<String> LEFT_OUT = Set.of("casefold", "encode", "expandtabs", "isidentifier", "isnumeric", "maketrans",
      "translate");

  private static final Map<String, Method> METHODS = methods();

  private StrMethods() {}

  /// The method of that name, bound to the string; null if strings have none.
  static Value.@Nullable Callable find(Value.Str self, String name, Budget budget) {
    if (LEFT_OUT.contains(name)) {
      throw new PythonException("the method `" + name + "` of strings, which templates here do not know");
    }
    Method method = METHODS.get(name);
    return method == null ? null : arguments -> {
      Value result = method.call(self, arguments, budget);
      budget.characters(result instanceof Value.Str s ? s.text().length() : 0);
      return result;
    };
  }

  private static Map<String, Method> methods() {
    var all = new HashMap<String, Method>();
    all.put("capitalize", mapped("capitalize", Casing::capitalize));
    all.put("lower", mapped("lower", Casing::lower));
    all.put("swapcase", mapped("swapcase", Casing::swap));
    all.put("title", mapped("title", Casing::title));
    all.put("upper", mapped("upper", Casing::upper));
    all.put("islower", test("islower", Casing::isLower));
    all.put("isupper", test("isupper", Casing::isUpper));
    all.put("istitle", test("istitle", Casing::isTitle));
    all.put("isascii", test("isascii", s -> s.chars().allMatch(c -> c < 128)));
    all.put("isprintable", test("isprintable", s -> s.codePoints().allMatch(CodePoints::isPrintable)));
    all.put("isalnum", characters("isalnum", Casing::isAlphanumeric));
    all.put("isalpha", characters("isalpha", Character::isLetter));
    all.put("isdecimal", characters("isdecimal", Character::isDigit));
    all.put("isdigit", characters("isdigit", Casing::isDigit));
    all.put("isspace", characters("isspace", CodePoints::isSpace));
    all.put("strip", strip("strip", true, true));
    all.put("lstrip", strip("lstrip", true, false));
    all.put("rstrip", strip("rstrip", false, true));
    all.put("split", split("split", false));
    all.put("rsplit", split("rsplit", true));
    all.put("splitlines", (s, a, budget) -> {
      budget.characters(s.text().length());
      var lines = Splitting.lines(s.text(), a.bind("splitlines", "keepends?").isTrue("keepends"));
      budget.steps(lines.size());
      return list(s, lines);
    });
    all.put("partition", partition("partition", false));
    all.put("rpartition", partition("rpartition", true));
    all.put("startswith", affix("startswith", "prefix", String::startsWith));
    all.put("endswith", affix("endswith", "suffix", String::endsWith));
    all.put("removeprefix", (s, a, _) -> {
      String prefix = a.bind("removeprefix", "prefix").requiredText("prefix");
      return s.text().startsWith(prefix) ? like(s, s.text().substring(prefix.length())) : s;
    });
    all.put("removesuffix", (s, a, _) -> {
      String suffix = a.bind("removesuffix", "suffix").requiredText("suffix");
      return s.text().endsWith(suffix) ? like(s, s.text().substring(0, s.text().length() - suffix.length())) : s;
    });
    all.put("replace", StrMethods::replace);
    all.put("join", StrMethods::join);
    all.put("find", search("find", false, false));
    all.put("rfind", search("rfind", true, false));
    all.put("index", search("index", false, true));
    all.put("rindex", search("rindex", true, true));
    all.put("count", (s, a, budget) -> {
      var p = a.bind("count", "sub", "start?", "end?");
      budget.searching(s.text(), p.requiredText("sub"));
      return Value.Int.of(Searching.count(Searching.window(s.text(), p).text(), p.requiredText("sub")));
    });
    all.put("center", justify("center", "^"));
    all.put("ljust", justify("ljust", "<"));
    all.put("rjust", justify("rjust", ">"));
    all.put("zfill", (s, a, budget) -> {
      int missing = a.bind("zfill", "width").whole("width", 0) - CodePoints.count(s.text());
      int sign = s.text().startsWith("-") || s.text().startsWith("+") ? 1 : 0;
      budget.characters(missing);
      return like(s, s.text().substring(0, sign) + "0".repeat(Math.max(0, missing)) + s.text().substring(sign));
    });
    all.put("format", (s, a, budget) -> new BraceFormat(budget, a).format(s));
    all.put("format_map", (s, a, budget) -> new BraceFormat(budget,
        new Arguments(List.of(), Lookup.keywords(a.bind("format_map", "mapping").get("mapping")))).format(s));
    return Map.copyOf(all);
  }

  private static Value.Str like(Value.Str self, String text) {
    return new Value.Str(text, self.safe());
  }

  private static Value list(Value.Str self, List<String> parts) {
    return new Value.ListValue(parts.stream().<Value>map(p -> like(self, p)).toList());
  }

  private static Method mapped(String name, UnaryOperator<String> change) {
    return (s, a, _) -> {
      a.bind(name);
      return like(s, change.apply(s.text()));
    };
  }

  private static Method test(String name, Predicate<String> test) {
    return (s, a, budget) -> {
      a.bind(name);
      budget.reading(s.text().length());
      return new Value.Bool(test.test(s.text()));
    };
  }

  private static Method characters(String name, IntPredicate such) {
    return test(name, s -> Casing.all(s, such));
  }

  private static Method strip(String name, boolean left, boolean right) {
    return (s, a, budget) -> {
      String characters = a.bind(name, "chars?").text("chars");
      budget.searching(s.text(), characters == null ? "" : characters);
      return like(s, Splitting.strip(s.text(), characters, left, right));
    };
  }

  private static Method split(String name, boolean fromRight) {
    return (s, a, budget) -> {
      var p = a.bind(name, "sep?", "maxsplit?");
      String separator = p.text("sep");
      budget.searching(s.text(), separator == null ? "" : separator);
      budget.characters(s.text().length());
      var parts = Splitting.split(s.text(), separator, p.whole("maxsplit", -1), fromRight);
      budget.steps(parts.size());
      return list(s, parts);
    };
  }

  private static Method partition(String name, boolean last) {
    return (s, a, budget) -> {
      String separator = a.bind(name, "sep").requiredText("sep");
      budget.searching(s.text(), separator);
      budget.characters(s.text().length());
      return new Value.Tuple(Splitting.partition(s.text(), separator, last).stream().<Value>map(p -> like(s, p)).toList());
    };
  }

  private static Method affix(String name, String parameter, BiPredicate<String, String> test) {
    return (s, a, _) -> {
      var p = a.bind(name, parameter, "start?", "end?");
      var window = Searching.window(s.text(), p);
      return new Value.Bool(!window.beyond() && switch (p.get(parameter)) {
        case Value.Str affix -> test.test(window.text(), affix.text());
        case Value.Tuple(var options, _) ->
            options.stream().anyMatch(option -> option instanceof Value.Str affix && test.test(window.text(), affix.text()));
        case Value v -> throw new PythonException(name + " first arg must be str or a tuple of str, not " + v.type());
      });
    };
  }

  private static Method search(String name, boolean last, boolean must) {
    return (s, a, budget) -> {
      var p = a.bind(name, "sub", "start?", "end?");
      budget.searching(s.text(), p.requiredText("sub"));
      int at = Searching.find(Searching.window(s.text(), p), p.requiredText("sub"), last);
      if (at < 0 && must) {
        throw new PythonException("substring not found");
      }
      return Value.Int.of(at);
    };
  }

  private static Method justify(String name, String align) {
    return (s, a, budget) -> {
      var p = a.bind(name, "width", "fillchar?");
      String fill = p.has("fillchar") ? p.requiredText("fillchar") : " ";
      if (CodePoints.count(fill) != 1) {
        throw new PythonException("the fill character must be exactly one character long");
      }
      return like(s, Searching.justify(s.text(), p.whole("width", 0), fill, align, budget));
    };
  }

  private static Value replace(Value.Str self, Arguments arguments, Budget budget) {
    var p = arguments.bind("replace", "old", "new", "count?");
    String with = self.safe() && p.get("new") instanceof Value.Str s ? Html.escape(s) : p.requiredText("new");
    return like(self, Searching.replace(self.text(), p.requiredText("old"), with, p.whole("count", -1), budget));
  }

  private static Value join(Value.Str self, Arguments arguments, Budget budget) {
    var out = new StringBuilder();
    int index = 0;
    for (Value item : Items.list(arguments.bind("join", "iterable").get("iterable"), budget)) {
      if (!(item instanceof Value.Str s)) {
        throw new PythonException("sequence item " + index + ": expected str instance, " + item.type() + " found");
      }
      String text = self.safe() ? Html.escape(s) : s.text();
      budget.characters(text.length() + self.text().length());
      out.append(index++ == 0 ? "" : self.text()).append(text);
    }
    return like(self, out.toString());
  }
}
