package org.jtorch.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Value;

/// What has a value.
sealed interface Expression {
  int line();

  record Literal(Value value, int line) implements Expression {}

  record Name(String name, int line) implements Expression {}

  record ListOf(List<Expression> items, int line) implements Expression {}

  record TupleOf(List<Expression> items, int line) implements Expression {}

  record DictOf(List<Expression> keys, List<Expression> values, int line) implements Expression {}

  /// `target.name`
  record Attribute(Expression target, String name, int line) implements Expression {}

  /// `target[key]`
  record Item(Expression target, Expression key, int line) implements Expression {}

  /// `target[start:stop:step]`
  record Slice(Expression target, @Nullable Expression start, @Nullable Expression stop, @Nullable Expression step, int line)
      implements Expression {}

  record Call(Expression callee, CallArguments arguments, int line) implements Expression {}

  /// `target | name(arguments)`
  ///
  /// @param target null for what a `{% filter %}` block or a `{% set %}` block holds
  record Filter(@Nullable Expression target, String name, CallArguments arguments, int line) implements Expression {}

  /// `target is name(arguments)`
  record Test(Expression target, String name, CallArguments arguments, int line) implements Expression {}

  /// `+` or `-` before a value.
  record Sign(boolean negative, Expression operand, int line) implements Expression {}

  record Not(Expression operand, int line) implements Expression {}

  record And(Expression left, Expression right, int line) implements Expression {}

  record Or(Expression left, Expression right, int line) implements Expression {}

  /// `+ - * / // % **`
  record Binary(String operator, Expression left, Expression right, int line) implements Expression {}

  /// `a ~ b ~ c`
  record Concatenation(List<Expression> parts, int line) implements Expression {}

  /// `a < b <= c`: every neighbour is compared.
  record Comparison(Expression first, List<Link> links, int line) implements Expression {}

  /// @param operator `== != < <= > >=`, `in` or `not in`
  record Link(String operator, Expression operand) {}

  /// `then if condition else otherwise`
  record Conditional(Expression condition, Expression then, @Nullable Expression otherwise, int line) implements Expression {}

  /// What stands between the parentheses of a call.
  ///
  /// @param starred after `*`
  /// @param doubleStarred after `**`
  record CallArguments(List<Expression> positional, List<Keyword> named, @Nullable Expression starred, @Nullable Expression doubleStarred) {
    static final CallArguments NONE = new CallArguments(List.of(), List.of(), null, null);
  }

  record Keyword(String name, Expression value) {}
}
