package org.jtorch.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Expression.CallArguments;
import org.jtorch.jinja.Expression.Keyword;
import org.jtorch.jinja.Expression.Link;
import org.jtorch.jinja.Token.Kind;
import org.jtorch.jinja.python.Numbers;
import org.jtorch.jinja.python.Value;

/// Expressions, with Jinja's precedence, from the loosest on: inline if, `or`, `and`, `not`, comparisons, `+ -`, `~`,
/// `* / // %`, `**`, signs, filters and tests, calls and items.
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<Kind> VALUES = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

  private final TokenStream tokens;
  private Set<String> names = new HashSet<>();
  private int conditions;

  ExpressionParser(TokenStream tokens) {
    this.tokens = tokens;
  }

  /// Collects the names that are read from here on in another set.
  ///
  /// @return the set so far
  Set<String> swapNames(Set<String> other) {
    var before = names;
    names = other;
    return before;
  }

  /// Inside of conditions Jinja asks for filters and tests only when they are reached.
  void enterCondition() {
    conditions++;
  }

  void leaveCondition() {
    conditions--;
  }

  Expression expression() {
    tokens.enter();
    Expression value = or();
    while (tokens.current().isName("if")) {
      int line = tokens.next().line();
      conditions++;
      Expression condition = or();
      Expression otherwise = tokens.skipName("else") ? expression() : null;
      conditions--;
      value = new Expression.Conditional(condition, value, otherwise, line);
    }
    tokens.leave();
    return value;
  }

  /// One expression, or several as a tuple. Ends at the end of a tag, at `)`, and at the name `end`.
  ///
  /// @param inlineIf whether `if` belongs to the expression
  Expression tuple(boolean inlineIf, String end) {
    return tuple(_ -> inlineIf ? expression() : or(), end, false);
  }

  private Expression tuple(Function<TokenStream, Expression> item, String end, boolean emptyAllowed) {
    int line = tokens.current().line();
    var items = new ArrayList<Expression>();
    boolean tuple = false;
    while (!endsTuple(end)) {
      items.add(item.apply(tokens));
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
      value = primary();
    }
    value = postfix(value);
    return filters ? filters(value) : value;
  }

  /// A name, a literal, or what stands in brackets.
  Expression primary() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> name(token);
      case STRING -> {
        var text = new StringBuilder(token.text());
        while (tokens.current().kind() == Kind.STRING) {
          text.append(tokens.next().text());
        }
        yield new Expression.Literal(Value.Str.of(text.toString()), token.line());
      }
      case INTEGER -> new Expression.Literal(new Value.Int(Numbers.whole(token.text(), 0).orElseThrow(
          () -> new TemplateException(token.line(), "the number " + token.describe() + " has too many digits"))), token.line());
      case FLOAT -> new Expression.Literal(new Value.Real(new BigDecimal(token.text().replace("_", "")).doubleValue()), token.line());
      default -> switch (token.text()) {
        case "(" -> {
          Expression value = tuple(_ -> expression(), ")", true);
          tokens.expect(")");
          yield value;
        }
        case "[" -> list(token.line());
        case "{" -> dict(token.line());
        default -> throw new TemplateException(token.line(), "expected an expression but found " + token.describe());
      };
    };
  }

  private Expression name(Token token) {
    return switch (token.text()) {
      case "true", "True" -> new Expression.Literal(new Value.Bool(true), token.line());
      case "false", "False" -> new Expression.Literal(new Value.Bool(false), token.line());
      case "none", "None" -> new Expression.Literal(Value.None.NONE, token.line());
      case String name -> {
        names.add(name);
        yield new Expression.Name(name, token.line());
      }
    };
  }

  private Expression list(int line) {
    var items = new ArrayList<Expression>();
    while (!tokens.current().is("]")) {
      items.add(expression());
      if (!tokens.skip(",")) {
        break;
      }
    }
    tokens.expect("]");
    return new Expression.ListOf(items, line);
  }

  private Expression dict(int line) {
    var keys = new ArrayList<Expression>();
    var values = new ArrayList<Expression>();
    while (!tokens.current().is("}")) {
      keys.add(expression());
      tokens.expect(":");
      values.add(expression());
      if (!tokens.skip(",")) {
        break;
      }
    }
    tokens.expect("}");
    return new Expression.DictOf(keys, values, line);
  }

  private Expression postfix(Expression value) {
    Expression all = value;
    while (true) {
      Token token = tokens.current();
      if (tokens.skip(".")) {
        all = member(all, token.line());
      } else if (tokens.skip("[")) {
        all = item(all, token.line());
      } else if (token.is("(")) {
        all = new Expression.Call(all, arguments(), token.line());
      } else {
        return all;
      }
    }
  }

  private Expression member(Expression target, int line) {
    Token name = tokens.next();
    return switch (name.kind()) {
      case NAME -> new Expression.Attribute(target, name.text(), line);
      case INTEGER -> new Expression.Item(target, new Expression.Literal(new Value.Int(Numbers.whole(name.text(), 0).orElseThrow()), line), line);
      default -> throw new TemplateException(name.line(), "expected a name or a number after `.` but found " + name.describe());
    };
  }

  private Expression item(Expression target, int line) {
    Expression start = tokens.current().is(":") ? null : expression();
    if (start != null && !tokens.current().is(":")) {
      var keys = new ArrayList<>(List.of(start));
      while (tokens.skip(",")) {
        keys.add(expression());
      }
      tokens.expect("]");
      return new Expression.Item(target, keys.size() == 1 ? start : new Expression.TupleOf(keys, line), line);
    }
    tokens.expect(":");
    Expression stop = bound();
    Expression step = tokens.skip(":") ? bound() : null;
    tokens.expect("]");
    return new Expression.Slice(target, start, stop, step, line);
  }

  private @Nullable Expression bound() {
    return tokens.current().is(":") || tokens.current().is("]") ? null : expression();
  }

  private Expression filters(Expression value) {
    Expression all = value;
    while (true) {
      Token token = tokens.current();
      if (token.is("|")) {
        all = filter(all);
      } else if (tokens.skipName("is")) {
        all = test(all, token.line());
      } else if (token.is("(")) {
        all = new Expression.Call(all, arguments(), token.line());
      } else {
        return all;
      }
    }
  }

  /// One filter after the other, each with its `|`.
  ///
  /// @param target null for what a block holds
  Expression.@Nullable Filter filterChain(@Nullable Expression target) {
    Expression.Filter all = null;
    while (tokens.current().is("|")) {
      all = filter(all == null ? target : all);
    }
    return all;
  }

  private Expression.Filter filter(@Nullable Expression target) {
    tokens.expect("|");
    return namedFilter(target);
  }

  /// A filter from its name on.
  Expression.Filter namedFilter(@Nullable Expression target) {
    Token name = tokens.expect(Kind.NAME);
    if (conditions == 0) {
      Filters.require(name.text(), name.line());
    }
    return new Expression.Filter(target, name.text(), tokens.current().is("(") ? arguments() : CallArguments.NONE, name.line());
  }

  private Expression test(Expression target, int line) {
    boolean negated = tokens.skipName("not");
    Token name = tokens.expect(Kind.NAME);
    if (conditions == 0) {
      Tests.require(name.text(), name.line());
    }
    Token token = tokens.current();
    CallArguments arguments = CallArguments.NONE;
    if (token.is("(")) {
      arguments = arguments();
    } else if (VALUES.contains(token.kind()) && !Set.of("else", "or", "and").contains(token.text()) || token.is("[") || token.is("{")) {
      if (token.isName("is")) {
        throw new TemplateException(token.line(), "tests cannot be chained with `is`");
      }
      arguments = new CallArguments(List.of(postfix(primary())), List.of(), null, null);
    }
    var test = new Expression.Test(target, name.text(), arguments, line);
    return negated ? new Expression.Not(test, line) : test;
  }

  private CallArguments arguments() {
    int line = tokens.current().line();
    tokens.expect("(");
    var positional = new ArrayList<Expression>();
    var named = new ArrayList<Keyword>();
    Expression starred = null;
    Expression doubleStarred = null;
    while (!tokens.current().is(")")) {
      if (tokens.skip("*")) {
        require(starred == null && doubleStarred == null, line);
        starred = expression();
      } else if (tokens.skip("**")) {
        require(doubleStarred == null, line);
        doubleStarred = expression();
      } else if (tokens.current().kind() == Kind.NAME && tokens.look().is("=")) {
        require(doubleStarred == null, line);
        String name = tokens.next().text();
        tokens.next();
        named.add(new Keyword(name, expression()));
      } else {
        require(starred == null && doubleStarred == null && named.isEmpty(), line);
        positional.add(expression());
      }
      if (!tokens.skip(",")) {
        break;
      }
    }
    tokens.expect(")");
    return new CallArguments(positional, named, starred, doubleStarred);
  }

  private static void require(boolean ordered, int line) {
    if (!ordered) {
      throw new TemplateException(line, "the arguments of a call must stand in the order: by position, by name, `*`, `**`");
    }
  }
}
