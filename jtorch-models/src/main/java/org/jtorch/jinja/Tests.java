package org.jtorch.jinja;

import java.util.Map;
import java.util.function.Predicate;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Casing;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// All tests by name: what may follow `is`.
final class Tests {
  /// `value is name(arguments)`.
  interface Test {
    boolean holds(Value value, Arguments arguments, Evaluator evaluator);
  }

  private static final Map<String, Test> ALL = Map.ofEntries(
      plain("defined", v -> !(v instanceof Value.Undefined)), plain("undefined", v -> v instanceof Value.Undefined),
      plain("none", v -> v instanceof Value.None), plain("boolean", v -> v instanceof Value.Bool),
      plain("true", v -> v instanceof Value.Bool(boolean b) && b), plain("false", v -> v instanceof Value.Bool(boolean b) && !b),
      plain("integer", v -> v instanceof Value.Int), plain("float", v -> v instanceof Value.Real),
      plain("number", v -> v instanceof Value.Numeric), plain("string", v -> v instanceof Value.Str),
      plain("mapping", v -> v instanceof Value.Dict), plain("sequence", Tests::isSequence), plain("iterable", Items::isIterable),
      plain("callable", v -> v instanceof Value.Callable || v instanceof Value.Undefined),
      plain("escaped", v -> v instanceof Value.Str s && s.safe()),
      Map.entry("filter", (v, a, _) -> Filters.has(name(v, a, "filter"))), Map.entry("test", (v, a, _) -> has(name(v, a, "test"))),
      Map.entry("lower", (v, a, e) -> none("lower", a) && Casing.isLower(e.text(v))),
      Map.entry("upper", (v, a, e) -> none("upper", a) && Casing.isUpper(e.text(v))),
      Map.entry("odd", (v, a, e) -> none("odd", a) && e.modulo(v, Value.Int.of(2)).equals(Value.Int.of(1))),
      Map.entry("even", (v, a, e) -> none("even", a) && e.modulo(v, Value.Int.of(2)).equals(Value.Int.of(0))),
      Map.entry("divisibleby", (v, a, e) -> e.modulo(v, a.bind("divisibleby", "num").get("num")).equals(Value.Int.of(0))),
      Map.entry("in", (v, a, e) -> Items.contains(a.bind("in", "seq").get("seq"), v, e.budget())),
      Map.entry("sameas", (v, a, _) -> same(v, a.bind("sameas", "other").get("other"))),
      equality("==", true), equality("eq", true), equality("equalto", true), equality("!=", false), equality("ne", false),
      order("<", "<"), order("lt", "<"), order("lessthan", "<"), order("<=", "<="), order("le", "<="),
      order(">", ">"), order("gt", ">"), order("greaterthan", ">"), order(">=", ">="), order("ge", ">="));

  private Tests() {}

  private static Map.Entry<String, Test> plain(String name, Predicate<Value> test) {
    return Map.entry(name, (v, a, _) -> none(name, a) && test.test(v));
  }

  private static Map.Entry<String, Test> equality(String name, boolean equal) {
    return Map.entry(name, (v, a, e) -> e.order().equal(v, a.bind(name, "other").get("other")) == equal);
  }

  private static Map.Entry<String, Test> order(String name, String operator) {
    return Map.entry(name, (v, a, e) -> e.order().holds(operator, v, a.bind(name, "other").get("other")));
  }

  private static boolean none(String name, Arguments arguments) {
    arguments.bind(name);
    return true;
  }

  private static String name(Value value, Arguments arguments, String test) {
    arguments.bind(test);
    return Items.hashable(value) instanceof Value.Str s ? s.text() : "";
  }

  /// Has a length and items by number.
  private static boolean isSequence(Value value) {
    return Items.isIterable(value) && !(value instanceof Value.Generator) && !(value instanceof Value.DictView);
  }

  /// Python's `is`: of numbers, the small ones are one object each.
  private static boolean same(Value a, Value b) {
    return a == b || switch (a) {
      case Value.Bool _, Value.Undefined _ -> a.getClass() == b.getClass() && a.equals(b);
      case Value.Int n -> b instanceof Value.Int && a.equals(b) && n.whole().bitLength() < 9 && n.whole().intValue() >= -5;
      default -> false;
    };
  }

  static boolean has(String name) {
    return ALL.containsKey(name);
  }

  static Test find(String name) {
    Test test = ALL.get(name);
    if (test == null) {
      throw new PythonException("there is no test called `" + name + "`");
    }
    return test;
  }

  /// @throws TemplateException if there is no such test
  static void require(String name, int line) {
    if (!has(name)) {
      throw new TemplateException(line, "there is no test called `" + name + "`");
    }
  }
}
