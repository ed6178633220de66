package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.util.List;

/// Which values are equal, and which of two comes first.
///
/// [Value#equals] tells the same of values that may be keys; of lists within lists it would never end where this runs out of budget.
public final class Order {
  private final Budget budget;

  public Order(Budget budget) {
    this.budget = budget;
  }

  static boolean equal(Value.Numeric a, Value.Numeric b) {
    return a instanceof Value.Whole x && b instanceof Value.Whole y ? x.whole().equals(y.whole())
        : Double.isFinite(a.real()) && Double.isFinite(b.real()) ? exact(a).compareTo(exact(b)) == 0 : a.real() == b.real();
  }

  private static BigDecimal exact(Value.Numeric n) {
    return n instanceof Value.Whole w ? new BigDecimal(w.whole()) : new BigDecimal(n.real());
  }

  /// Python's `left == right`.
  public boolean equal(Value left, Value right) {
    budget.steps(1);
    return switch (left) {
      case Value.Str a when right instanceof Value.Str b -> {
        budget.reading(Math.min(a.text().length(), b.text().length()));
        yield a.equals(b);
      }
      case Value.ListValue a when right instanceof Value.ListValue b -> equal(a.items(), b.items());
      case Value.Tuple a when right instanceof Value.Tuple b -> equal(a.items(), b.items());
      case Value.Dict a when right instanceof Value.Dict b -> a.entries().size() == b.entries().size()
          && a.entries().entrySet().stream().allMatch(entry -> {
            Value other = b.entries().get(entry.getKey());
            return other != null && equal(entry.getValue(), other);
          });
      case Value.DictView a when right instanceof Value.DictView b -> a == b || a.isSet() && b.isSet() && sameItems(a.items(), b.items());
      case Value.ListValue _, Value.Tuple _, Value.Dict _, Value.DictView _ -> false;
      case Value a -> a.equals(right);
    };
  }

  private boolean equal(List<Value> left, List<Value> right) {
    boolean equal = left.size() == right.size();
    for (int i = 0; equal && i < left.size(); i++) {
      equal = equal(left.get(i), right.get(i));
    }
    return equal;
  }

  private boolean sameItems(List<Value> left, List<Value> right) {
    return left.size() == right.size() && left.stream().allMatch(item -> right.stream().anyMatch(other -> equal(item, other)));
  }

  /// `left < right`, `<=`, `>` or `>=`.
  ///
  /// @throws PythonException if Python cannot compare the two
  public boolean holds(String operator, Value left, Value right) {
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

  /// Negative if `left < right`, as a comparator has it.
  ///
  /// @throws PythonException if Python cannot compare the two
  public int compare(Value left, Value right) {
    return compare("<", left, right);
  }

  private int compare(String operator, Value left, Value right) {
    budget.steps(1);
    if (left instanceof Value.Whole a && right instanceof Value.Whole b) {
      return a.whole().compareTo(b.whole());
    }
    if (left instanceof Value.Numeric a && right instanceof Value.Numeric b) {
      return Double.isFinite(a.real()) && Double.isFinite(b.real()) ? exact(a).compareTo(exact(b)) : Double.compare(a.real(), b.real());
    }
    if (left instanceof Value.Str a && right instanceof Value.Str b) {
      budget.reading(Math.min(a.text().length(), b.text().length()));
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

  private int compare(String operator, List<Value> left, List<Value> right) {
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!equal(left.get(i), right.get(i))) {
        return compare(operator, left.get(i), right.get(i));
      }
    }
    return Integer.compare(left.size(), right.size());
  }
}
