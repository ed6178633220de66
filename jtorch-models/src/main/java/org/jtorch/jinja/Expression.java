package org.jtorch.jinja;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.python.Value;

/// What has a value.
sealed interface Expression {
  int line();

  /// The expressions that this one is made of, in the order in which they stand.
  default List<Expression> parts() {
    return switch (this) {
      case Literal _, Name _ -> List.of();
      case ListOf e -> e.items();
      case TupleOf e -> e.items();
      case DictOf e -> Stream.concat(e.keys().stream(), e.values().stream()).toList();
      case Attribute e -> List.of(e.target());
      case Item e -> List.of(e.target(), e.key());
      case Slice e -> Stream.of(e.target(), e.start(), e.stop(), e.step()).filter(Objects::nonNull).toList();
      case Call e -> e.arguments().after(e.callee());
      case Filter e -> e.arguments().after(e.target());
      case Test e -> e.arguments().after(e.target());
      case Sign e -> List.of(e.operand());
      case Not e -> List.of(e.operand());
      case And e -> List.of(e.left(), e.right());
      case Or e -> List.of(e.left(), e.right());
      case Binary e -> List.of(e.left(), e.right());
      case Concatenation e -> e.parts();
      case Comparison e -> Stream.concat(Stream.of(e.first()), e.links().stream().map(Link::operand)).toList();
      case Conditional e -> Stream.of(e.condition(), e.then(), e.otherwise()).filter(Objects::nonNull).toList();
    };
  }

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
  record CallArguments(List<Expression> positional, List<Keyword> named, @Nullable Expression starred,
      @Nullable Expression doubleStarred) {
    static final CallArguments NONE = new CallArguments(List.of(), List.of(), null, null);

    private List<Expression> after(@Nullable Expression target) {
      return Stream.of(Stream.of(target), positional.stream(), named.stream().map(Keyword::value), Stream.of(starred),
          Stream.of(doubleStarred)).flatMap(all -> all).filter(Objects::nonNull).toList();
    }
  }

  record Keyword(String name, Expression value) {}
}
