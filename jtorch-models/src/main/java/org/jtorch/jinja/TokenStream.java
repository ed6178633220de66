package org.jtorch.jinja;

import java.util.List;
import org.jtorch.jinja.Token.Kind;

/// The tokens of a template, read one after the other, and how deep what they say is nested.
final class TokenStream {
  private static final int DEEPEST = 200;
  private final List<Token> tokens;
  private int at;
  private int depth;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  Token look() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = current();
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  /// Goes on if the operator stands here.
  boolean skip(String operator) {
    boolean here = current().is(operator);
    at += here ? 1 : 0;
    return here;
  }

  /// Goes on if the name stands here.
  boolean skipName(String name) {
    boolean here = current().isName(name);
    at += here ? 1 : 0;
    return here;
  }

  Token expect(Kind kind) {
    if (current().kind() != kind) {
      throw unexpected(kind.words);
    }
    return next();
  }

  void expect(String operator) {
    if (!skip(operator)) {
      throw unexpected("`" + operator + "`");
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected("`" + name + "`");
    }
  }

  TemplateException unexpected(String wanted) {
    return new TemplateException(current().line(), "expected " + wanted + " but found " + current().describe());
  }

  void enter() {
    if (++depth > DEEPEST) {
      throw new TemplateException(current().line(), "nested deeper than " + DEEPEST + " levels");
    }
  }

  void leave() {
    depth--;
  }
}
