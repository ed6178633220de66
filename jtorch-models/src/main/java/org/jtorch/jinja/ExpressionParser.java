package org.jtorch.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jtorch.jinja.Expression.Link;
import org.jtorch.jinja.Token.Kind;

/// Expressions, with Jinja's precedence, from the loosest on: inline if, `or`, `and`, `not`, comparisons, `+ -`, `~`,
/// `* / // %`, `**`, signs. What operators stand between is read by the [OperandParser].
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final TokenStream tokens;
  private final OperandParser operands;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
    this.operands = new OperandParser(tokens, this);
  }

  OperandParser operands() {
    return operands;
  }

  Expression expression() {
    tokens.enter();
    Expression value = or();
    while (tokens.current().isName("if")) {
      int line = tokens.next().line();
      operands.enterCondition();
      Expression condition = or();
      Expression otherwise = tokens.skipName("else") ? expression() : null;
      operands.leaveCondition();
      value = new Expression.Conditional(condition, value, otherwise, line);
    }
    tokens.leave();
    return value;
  }

  /// One expression, or several as a tuple. Ends at the end of a tag, at `)`, and at the name `end`.
  ///
  /// @param inlineIf whether `if` belongs to the expression
  Expression tuple(boolean inlineIf, String end) {
    return tuple(inlineIf ? this::expression : this::or, end, false);
  }

  /// What parentheses hold; empty ones are a tuple, too.
  Expression parenthesized() {
    return tuple(this::expression, ")", true);
  }

  private Expression tuple(Supplier<Expression> item, String end, boolean emptyAllowed) {
    int line = tokens.current().line();
    var items = new ArrayList<Expression>();
    boolean tuple = false;
    while (!endsTuple(end)) {
      items.add(item.get());
      if (!tokens.skip(",")) {
        break;
      }
      tuple = true;
    }
    if (!tuple && items.size() == 1) {
      return items.getFirst();
    }
    if (items.isEmpty() && !emptyAllowed) {
      throw tokens.unexpected("an expression");
    }
    return new Expression.TupleOf(items, line);
  }

  private boolean endsTuple(String end) {
    Token token = tokens.current();
    return token.kind() == Kind.BLOCK_END || token.kind() == Kind.VARIABLE_END || token.is(")") || token.isName(end);
  }

  private Expression or() {
    Expression left = and();
    while (tokens.current().isName("or")) {
      int line = tokens.next().line();
      left = new Expression.Or(left, and(), line);
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (tokens.current().isName("and")) {
      int line = tokens.next().line();
      left = new Expression.And(left, not(), line);
    }
    return left;
  }

  private Expression not() {
    if (!tokens.current().isName("not")) {
      return comparison();
    }
    tokens.enter();
    int line = tokens.next().line();
    Expression operand = not();
    tokens.leave();
    return new Expression.Not(operand, line);
  }

  private Expression comparison() {
    Expression first = sum();
    int line = tokens.current().line();
    var links = new ArrayList<Link>();
    while (true) {
      Token token = tokens.current();
      if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
        tokens.next();
        links.add(new Link(token.text(), sum()));
      } else if (tokens.skipName("in")) {
        links.add(new Link("in", sum()));
      } else if (token.isName("not") && tokens.look().isName("in")) {
        tokens.next();
        tokens.next();
        links.add(new Link("not in", sum()));
      } else {
        return links.isEmpty() ? first : new Expression.Comparison(first, links, line);
      }
    }
  }

  private Expression sum() {
    Expression left = concatenation();
    while (tokens.current().is("+") || tokens.current().is("-")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, concatenation(), operator.line());
    }
    return left;
  }

  private Expression concatenation() {
    Expression first = product();
    int line = tokens.current().line();
    var parts = new ArrayList<>(List.of(first));
    while (tokens.skip("~")) {
      parts.add(product());
    }
    return parts.size() == 1 ? first : new Expression.Concatenation(parts, line);
  }

  private Expression product() {
    Expression left = power();
    while (tokens.current().is("*") || tokens.current().is("/") || tokens.current().is("//") || tokens.current().is("%")) {
      Token operator = tokens.next();
      left = new Expression.Binary(operator.text(), left, power(), operator.line());
    }
    return left;
  }

  private Expression power() {
    Expression left = signed(true);
    while (tokens.current().is("**")) {
      int line = tokens.next().line();
      left = new Expression.Binary("**", left, signed(true), line);
    }
    return left;
  }

  private Expression signed(boolean filters) {
    Token token = tokens.current();
    Expression value;
    if (token.is("-") || token.is("+")) {
      tokens.enter();
      tokens.next();
      value = new Expression.Sign(token.is("-"), signed(false), token.line());
      tokens.leave();
    } else {
      value = operands.primary();
    }
    value = operands.postfix(value);
    return filters ? operands.filters(value) : value;
  }
}
