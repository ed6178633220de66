package org.jtorch.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Expression.CallArguments;
import org.jtorch.jinja.Expression.Keyword;
import org.jtorch.jinja.Token.Kind;
import org.jtorch.jinja.python.Numbers;
import org.jtorch.jinja.python.Value;

/// What stands between operators: names, literals and brackets, with the items, calls, filters and tests behind them.
final class OperandParser {
  private static final Set<Kind> VALUES = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private Set<String> names = new HashSet<>();
  private int conditions;

  OperandParser(TokenStream tokens, ExpressionParser expressions) {
    this.tokens = tokens;
    this.expressions = expressions;
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
      case INTEGER -> integer(token);
      case FLOAT -> new Expression.Literal(new Value.Real(new BigDecimal(token.text().replace("_", "")).doubleValue()), token.line());
      default -> switch (token.text()) {
        case "(" -> {
          Expression value = expressions.parenthesized();
          tokens.expect(")");
          yield value;
        }
        case "[" -> list(token.line());
        case "{" -> dict(token.line());
        default -> throw new TemplateException(token.line(), "expected an expression but found " + token.describe());
      };
    };
  }

  private static Expression integer(Token token) {
    return new Expression.Literal(new Value.Int(Numbers.whole(token.text(), 0).orElseThrow(
        () -> new TemplateException(token.line(), "the number " + token.describe() + " has too many digits"))), token.line());
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
      items.add(expressions.expression());
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
      keys.add(expressions.expression());
      tokens.expect(":");
      values.add(expressions.expression());
      if (!tokens.skip(",")) {
        break;
      }
    }
    tokens.expect("}");
    return new Expression.DictOf(keys, values, line);
  }

  Expression postfix(Expression value) {
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
      case INTEGER -> new Expression.Item(target, integer(name), line);
      default -> throw new TemplateException(name.line(), "expected a name or a number after `.` but found " + name.describe());
    };
  }

  private Expression item(Expression target, int line) {
    Expression start = tokens.current().is(":") ? null : expressions.expression();
    if (start != null && !tokens.current().is(":")) {
      var keys = new ArrayList<>(List.of(start));
      while (tokens.skip(",")) {
        keys.add(expressions.expression());
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
    return tokens.current().is(":") || tokens.current().is("]") ? null : expressions.expression();
  }

  Expression filters(Expression value) {
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
        starred = expressions.expression();
      } else if (tokens.skip("**")) {
        require(doubleStarred == null, line);
        doubleStarred = expressions.expression();
      } else if (tokens.current().kind() == Kind.NAME && tokens.look().is("=")) {
        require(doubleStarred == null, line);
        String name = tokens.next().text();
        tokens.next();
        named.add(new Keyword(name, expressions.expression()));
      } else {
        require(starred == null && doubleStarred == null && named.isEmpty(), line);
        positional.add(expressions.expression());
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
