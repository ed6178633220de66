package org.jtorch.jinja.python;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/// `+ - * / // % **` and the signs, on numbers, strings, lists and tuples.
public final class Arithmetic {
  private static final MathContext QUOTIENT = new MathContext(40);
  private final Budget budget;

  public Arithmetic(Budget budget) {
    this.budget = budget;
  }

  /// @throws PythonException where Python raises a TypeError or a ZeroDivisionError, or the result is too large
  public Value apply(String operator, Value left, Value right) {
    if (operator.equals("%") && left instanceof Value.Str s) {
      return new PercentFormat(budget).format(s, right);
    }
    Value.Undefined missing = left instanceof Value.Undefined u ? u : right instanceof Value.Undefined u ? u : null;
    if (missing != null) {
      throw new PythonException(missing.why());
    }
    if (left instanceof Value.Whole a && right instanceof Value.Whole b) {
      return whole(operator, a.whole(), b.whole());
    }
    if (left instanceof Value.Numeric a && right instanceof Value.Numeric b) {
      return real(operator, a.real(), b.real());
    }
    return switch (operator) {
      case "+" -> join(left, right);
      case "*" -> right instanceof Value.Whole n ? repeat(left, n, right) : left instanceof Value.Whole n ? repeat(right, n, left)
          : fail(operator, left, right);
      default -> fail(operator, left, right);
    };
  }

  private static Value fail(String operator, Value left, Value right) {
    throw PythonException.operands(operator.equals("**") ? "** or pow()" : operator, left, right);
  }

  private Value whole(String operator, BigInteger a, BigInteger b) {
    return switch (operator) {
      case "+" -> budget.whole(a.add(b));
      case "-" -> budget.whole(a.subtract(b));
      case "*" -> budget.whole(a.multiply(b));
      case "/" -> new Value.Real(quotient(a, nonZero(b, "division by zero")));
      case "//" -> new Value.Int(floorDivide(a, nonZero(b, "integer division or modulo by zero")));
      case "%" -> new Value.Int(a.subtract(b.multiply(floorDivide(a, nonZero(b, "integer modulo by zero")))));
      default -> b.signum() < 0 ? real(operator, a.doubleValue(), b.doubleValue()) : power(a, b);
    };
  }

  private static BigInteger nonZero(BigInteger divisor, String complaint) {
    if (divisor.signum() == 0) {
      throw new PythonException(complaint);
    }
    return divisor;
  }

  private static double quotient(BigInteger a, BigInteger b) {
    double value = a.bitLength() < 53 && b.bitLength() < 53 ? a.doubleValue() / b.doubleValue()
        : new BigDecimal(a).divide(new BigDecimal(b), QUOTIENT).doubleValue();
    if (Double.isInfinite(value)) {
      throw new PythonException("integer division result too large for a float");
    }
    return value;
  }

  private static BigInteger floorDivide(BigInteger a, BigInteger b) {
    var both = a.divideAndRemainder(b);
    return both[1].signum() != 0 && both[1].signum() != b.signum() ? both[0].subtract(BigInteger.ONE) : both[0];
  }

  private Value power(BigInteger base, BigInteger exponent) {
    if (base.abs().compareTo(BigInteger.ONE) <= 0) {
      return new Value.Int(base.signum() < 0 && !exponent.testBit(0) || exponent.signum() == 0 ? BigInteger.ONE : base);
    }
    budget.bits(exponent.doubleValue() * (base.bitLength() - 1));
    return budget.whole(base.pow(exponent.intValueExact()));
  }

  private static Value real(String operator, double a, double b) {
    return new Value.Real(switch (operator) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "/" -> a / nonZero(b, "float division by zero");
      case "//" -> floorDivide(a, nonZero(b, "float floor division by zero"));
      case "%" -> modulo(a, nonZero(b, "float modulo"));
      default -> power(a, b);
    });
  }

  private static double nonZero(double divisor, String complaint) {
    if (divisor == 0) {
      throw new PythonException(complaint);
    }
    return divisor;
  }

  private static double modulo(double a, double b) {
    double rest = a % b;
    return rest == 0 ? Math.copySign(0.0, b) : (rest < 0) != (b < 0) ? rest + b : rest;
  }

  /// CPython's `float_floor_div`: from the remainder, so that rounding cannot reach the next integer.
  private static double floorDivide(double a, double b) {
    double rest = a % b;
    double quotient = (a - rest) / b;
    if (rest != 0 && (b < 0) != (rest < 0)) {
      quotient -= 1;
    }
    if (quotient == 0) {
      return Math.copySign(0.0, a / b);
    }
    double floor = Math.floor(quotient);
    return quotient - floor > 0.5 ? floor + 1 : floor;
  }

  private static double power(double a, double b) {
    if (a == 0 && b < 0) {
      throw new PythonException("0.0 cannot be raised to a negative power");
    }
    if (a < 0 && Double.isFinite(a) && Double.isFinite(b) && b != Math.rint(b)) {
      throw new PythonException("a negative number to a fractional power is complex, which templates here do not know");
    }
    double power = Math.abs(a) == 1 && !Double.isFinite(b) || a == 1 ? 1 : Math.pow(a, b);
    if (Double.isInfinite(power) && Double.isFinite(a) && Double.isFinite(b)) {
      throw new PythonException("the result of ** is too large for a float");
    }
    return power;
  }

  private Value join(Value left, Value right) {
    return switch (left) {
      case Value.Str a when right instanceof Value.Str b -> {
        boolean safe = a.safe() || b.safe();
        String first = safe ? Html.escape(a) : a.text();
        String second = safe ? Html.escape(b) : b.text();
        budget.characters((long) first.length() + second.length());
        yield new Value.Str(first + second, safe);
      }
      case Value.ListValue(var a) when right instanceof Value.ListValue(var b) -> new Value.ListValue(joined(a, b));
      case Value.Tuple(var a, _) when right instanceof Value.Tuple(var b, _) -> new Value.Tuple(joined(a, b));
      case Value.Str _ -> throw new PythonException("can only concatenate str (not \"" + right.type() + "\") to str");
      case Value.ListValue _ -> throw new PythonException("can only concatenate list (not \"" + right.type() + "\") to list");
      case Value.Tuple _ -> throw new PythonException("can only concatenate tuple (not \"" + right.type() + "\") to tuple");
      case Value _ -> fail("+", left, right);
    };
  }

  private List<Value> joined(List<Value> a, List<Value> b) {
    budget.steps(a.size() + b.size());
    var all = new ArrayList<>(a);
    all.addAll(b);
    return all;
  }

  private Value repeat(Value value, Value.Whole count, Value given) {
    long times = count.whole().signum() <= 0 ? 0 : count.whole().bitLength() > 31 ? Integer.MAX_VALUE : count.whole().longValue();
    return switch (value) {
      case Value.Str s -> {
        budget.characters(s.text().length() * times);
        yield new Value.Str(s.text().isEmpty() ? "" : s.text().repeat((int) times), s.safe());
      }
      case Value.ListValue(var items) -> new Value.ListValue(repeated(items, times));
      case Value.Tuple(var items, _) -> new Value.Tuple(repeated(items, times));
      case Value _ -> fail("*", value, given);
    };
  }

  private List<Value> repeated(List<Value> items, long times) {
    budget.steps(items.size() * times);
    var all = new ArrayList<Value>();
    for (long i = 0; i < times && !items.isEmpty(); i++) {
      all.addAll(items);
    }
    return all;
  }

  /// `-value`, or `+value`.
  public static Value signed(boolean negative, Value value) {
    return switch (value) {
      case Value.Whole n -> new Value.Int(negative ? n.whole().negate() : n.whole());
      case Value.Real(double x) -> new Value.Real(negative ? -x : x);
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value _ -> throw new PythonException("bad operand type for unary " + (negative ? "-" : "+") + ": '" + value.type() + "'");
    };
  }
}
