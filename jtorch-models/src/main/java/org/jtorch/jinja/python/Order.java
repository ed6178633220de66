package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;

/// Which of two values comes first, and when numbers are equal.
public final class Order {
  /// By `<`; values that Python cannot compare are a [PythonException].
  public static final Comparator<Value> ASCENDING = Order::compare;

  private Order() {}

  static boolean equal(Value.Numeric a, Value.Numeric b) {
    return a instanceof Value.Whole x && b instanceof Value.Whole y ? x.whole().equals(y.whole())
        : Double.isFinite(a.real()) && Double.isFinite(b.real()) ? exact(a).compareTo(exact(b)) == 0 : a.real() == b.real();
  }

  private static BigDecimal exact(Value.Numeric n) {
    return n instanceof Value.Whole w ? new BigDecimal(w.whole()) : new BigDecimal(n.real());
  }

  /// `left < right`, `<=`, `>` or `>=`.
  public static boolean holds(String operator, Value left, Value right) {
    Value.Undefined missing = left instanceof Value.Undefined u ? u : right instanceof Value.Undefined u ? u : null;
    if (missing != null) {
      throw new PythonException(missing.why());
    }
    if (left instanceof Value.Numeric a && right instanceof Value.Numeric b && (Double.isNaN(a.real()) || Double.isNaN(b.real()))) {
      return false;
    }
    int order = compare(operator, left, right);
    return switch (operator) {
      case "<" -> order < 0;
      case "<=" -> order <= 0;
      case ">" -> order > 0;
      default -> order >= 0;
    };
  }

  private static int compare(Value left, Value right) {
    return compare("<", left, right);
  }

  private static int compare(String operator, Value left, Value right) {
    if (left instanceof Value.Whole a && right instanceof Value.Whole b) {
      return a.whole().compareTo(b.whole());
    }
    if (left instanceof Value.Numeric a && right instanceof Value.Numeric b) {
      return Double.isFinite(a.real()) && Double.isFinite(b.real()) ? exact(a).compareTo(exact(b)) : Double.compare(a.real(), b.real());
    }
    if (left instanceof Value.Str a && right instanceof Value.Str b) {
      return CodePoints.compare(a.text(), b.text());
    }
    if (left instanceof Value.ListValue a && right instanceof Value.ListValue b) {
      return compare(operator, a.items(), b.items());
    }
    if (left instanceof Value.Tuple a && right instanceof Value.Tuple b) {
      return compare(operator, a.items(), b.items());
    }
    throw new PythonException("'" + operator + "' not supported between instances of '" + left.type() + "' and '" + right.type() + "'");
  }

  private static int compare(String operator, List<Value> left, List<Value> right) {
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!left.get(i).equals(right.get(i))) {
        return compare(operator, left.get(i), right.get(i));
      }
    }
    return Integer.compare(left.size(), right.size());
  }
}
