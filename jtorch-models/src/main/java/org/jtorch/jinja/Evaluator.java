package org.jtorch.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Expression.CallArguments;
import org.jtorch.jinja.python.Arguments;
import org.jtorch.jinja.python.Arithmetic;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.Lookup;
import org.jtorch.jinja.python.Order;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Repr;
import org.jtorch.jinja.python.Slices;
import org.jtorch.jinja.python.Value;

/// What expressions are worth.
final class Evaluator {
  private final Budget budget;
  private final Arithmetic arithmetic;
  private final Order order;
  private final Slices slices;
  private final Repr repr;

  Evaluator(Budget budget) {
    this.budget = budget;
    this.arithmetic = new Arithmetic(budget);
    this.order = new Order(budget);
    this.slices = new Slices(budget);
    this.repr = new Repr(budget);
  }

  Budget budget() {
    return budget;
  }

  Order order() {
    return order;
  }

  /// @throws TemplateException with the line of the innermost expression that has no value
  Value evaluate(Expression expression, Scope scope) {
    budget.enter();
    try {
      budget.steps(1);
      return value(expression, scope);
    } catch (PythonException e) {
      throw new TemplateException(expression.line(), String.valueOf(e.getMessage()));
    } finally {
      budget.leave();
    }
  }

  private Value value(Expression expression, Scope scope) {
    return switch (expression) {
      case Expression.Literal(Value value, _) -> value;
      case Expression.Name(String name, _) -> scope.get(name);
      case Expression.ListOf(var items, _) -> new Value.ListValue(all(items, scope));
      case Expression.TupleOf(var items, _) -> new Value.Tuple(all(items, scope));
      case Expression.DictOf dict -> dict(dict, scope);
      case Expression.Attribute(var target, String name, _) -> Lookup.attribute(evaluate(target, scope), name, budget);
      case Expression.Item(var target, var key, _) -> Lookup.item(evaluate(target, scope), evaluate(key, scope), budget);
      case Expression.Slice(var target, var start, var stop, var step, _) ->
          slices.slice(evaluate(target, scope), bound(start, scope), bound(stop, scope), bound(step, scope));
      case Expression.Call call -> call(call, scope, null);
      case Expression.Filter filter -> filter(filter, scope, null);
      case Expression.Test(var target, String name, var arguments, _) ->
          new Value.Bool(test(name, evaluate(target, scope), arguments(arguments, scope)));
      case Expression.Sign(boolean negative, var operand, _) -> Arithmetic.signed(negative, evaluate(operand, scope));
      case Expression.Not(var operand, _) -> new Value.Bool(!evaluate(operand, scope).isTrue());
      case Expression.And(var left, var right, _) -> {
        Value first = evaluate(left, scope);
        yield first.isTrue() ? evaluate(right, scope) : first;
      }
      case Expression.Or(var left, var right, _) -> {
        Value first = evaluate(left, scope);
        yield first.isTrue() ? first : evaluate(right, scope);
      }
      case Expression.Binary(String operator, var left, var right, _) ->
          arithmetic.apply(operator, evaluate(left, scope), evaluate(right, scope));
      case Expression.Concatenation(var parts, _) -> concatenation(parts, scope);
      case Expression.Comparison(var first, var links, _) -> comparison(first, links, scope);
      case Expression.Conditional(var condition, var then, var otherwise, _) ->
          evaluate(condition, scope).isTrue() ? evaluate(then, scope)
              : otherwise != null ? evaluate(otherwise, scope)
              : new Value.Undefined("the inline if-expression evaluated to false and no else section was defined.");
    };
  }

  private List<Value> all(List<Expression> items, Scope scope) {
    var values = new ArrayList<Value>();
    items.forEach(item -> values.add(evaluate(item, scope)));
    return values;
  }

  private Value bound(@Nullable Expression bound, Scope scope) {
    return bound == null ? Value.None.NONE : evaluate(bound, scope);
  }

  private Value dict(Expression.DictOf dict, Scope scope) {
    var entries = new LinkedHashMap<Value, Value>();
    for (int i = 0; i < dict.keys().size(); i++) {
      entries.put(Items.hashable(evaluate(dict.keys().get(i), scope)), evaluate(dict.values().get(i), scope));
    }
    return new Value.Dict(entries);
  }

  private Value concatenation(List<Expression> parts, Scope scope) {
    var text = new StringBuilder();
    parts.forEach(part -> text.append(text(evaluate(part, scope))));
    return budget.text(text.toString());
  }

  private Value comparison(Expression first, List<Expression.Link> links, Scope scope) {
    Value left = evaluate(first, scope);
    for (var link : links) {
      Value right = evaluate(link.operand(), scope);
      if (!holds(link.operator(), left, right)) {
        return new Value.Bool(false);
      }
      left = right;
    }
    return new Value.Bool(true);
  }

  private boolean holds(String operator, Value left, Value right) {
    return switch (operator) {
      case "==" -> order.equal(left, right);
      case "!=" -> !order.equal(left, right);
      case "in" -> Items.contains(right, left, budget);
      case "not in" -> !Items.contains(right, left, budget);
      default -> order.holds(operator, left, right);
    };
  }

  /// Calls what the expression names.
  ///
  /// @param caller what a `{% call %}` block gives; null without one
  Value call(Expression.Call call, Scope scope, @Nullable Value caller) {
    Value callee = evaluate(call.callee(), scope);
    var arguments = arguments(call.arguments(), scope);
    if (caller != null) {
      arguments.named().put("caller", caller);
    }
    return switch (callee) {
      case Value.Callable function -> function.call(arguments);
      case Value.Undefined u -> throw new PythonException(u.why());
      case Value v -> throw new PythonException("'" + v.type() + "' object is not callable");
    };
  }

  private Arguments arguments(CallArguments given, Scope scope) {
    var positional = all(given.positional(), scope);
    var named = new LinkedHashMap<String, Value>();
    for (var keyword : given.named()) {
      if (named.put(keyword.name(), evaluate(keyword.value(), scope)) != null) {
        throw new PythonException("the argument `" + keyword.name() + "` is given twice");
      }
    }
    if (given.starred() != null) {
      positional.addAll(Items.list(evaluate(given.starred(), scope), budget));
    }
    if (given.doubleStarred() != null) {
      Lookup.keywords(evaluate(given.doubleStarred(), scope)).forEach((name, value) -> {
        if (named.put(name, value) != null) {
          throw new PythonException("the argument `" + name + "` is given twice");
        }
      });
    }
    return new Arguments(positional, named);
  }

  /// @param block what the innermost filter is applied to if it has no target
  Value filter(Expression.Filter filter, Scope scope, @Nullable Value block) {
    Value target = switch (filter.target()) {
      case null -> block == null ? Value.None.NONE : block;
      case Expression.Filter inner when block != null -> filter(inner, scope, block);
      case Expression other -> evaluate(other, scope);
    };
    return filter(filter.name(), target, arguments(filter.arguments(), scope));
  }

  /// @throws PythonException if there is no such filter
  Value filter(String name, Value target, Arguments arguments) {
    budget.steps(1);
    return Filters.find(name).apply(target, arguments, this);
  }

  /// @throws PythonException if there is no such test
  boolean test(String name, Value target, Arguments arguments) {
    budget.steps(1);
    return Tests.find(name).holds(target, arguments, this);
  }

  /// Python's `str(value)`.
  String text(Value value) {
    return repr.text(value);
  }

  Value add(Value left, Value right) {
    return arithmetic.apply("+", left, right);
  }

  Value modulo(Value left, Value right) {
    return arithmetic.apply("%", left, right);
  }
}
