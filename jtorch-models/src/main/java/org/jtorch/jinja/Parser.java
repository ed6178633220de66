package org.jtorch.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Statement.Branch;
import org.jtorch.jinja.Statement.Signature;
import org.jtorch.jinja.Statement.Target;
import org.jtorch.jinja.Token.Kind;

/// Statements.
final class Parser {
  private static final Set<String> SPECIAL = Set.of("caller", "varargs", "kwargs");
  private static final Set<String> ELSEWHERE = Set.of("include", "import", "from", "extends", "block", "autoescape");
  private static final Set<String> CONSTANTS = Set.of("true", "false", "none", "True", "False", "None");

  private record Parameters(List<String> names, List<Expression> defaults) {}

  private final TokenStream tokens;
  private final ExpressionParser expressions;
  private final OperandParser operands;
  private int loops;

  private Parser(String source) {
    this.tokens = new TokenStream(Lexer.tokens(source));
    this.expressions = new ExpressionParser(tokens);
    this.operands = expressions.operands();
  }

  /// @throws TemplateException if the template breaks Jinja's grammar or has what chat templates do not need
  static List<Statement> parse(String source) {
    return new Parser(source).statements(Set.of(), null);
  }

  /// Up to a tag with one of these names, which is left to be read.
  ///
  /// @param opened the tag that these names end; null for the whole template
  private List<Statement> statements(Set<String> ends, @Nullable Token opened) {
    var body = new ArrayList<Statement>();
    while (tokens.current().kind() != Kind.END) {
      Token token = tokens.next();
      switch (token.kind()) {
        case DATA -> body.add(new Statement.Data(token.text(), token.line()));
        case VARIABLE_BEGIN -> {
          body.add(new Statement.Output(expressions.tuple(true, ""), token.line()));
          tokens.expect(Kind.VARIABLE_END);
        }
        default -> {
          if (tokens.current().kind() == Kind.NAME && ends.contains(tokens.current().text())) {
            return body;
          }
          body.addAll(statement(ends));
          tokens.expect(Kind.BLOCK_END);
        }
      }
    }
    if (opened != null) {
      throw new TemplateException(opened.line(), "`{% " + opened.text() + " %}` is never closed by `{% end" + opened.text() + " %}`");
    }
    return body;
  }

  /// The body of a tag whose own words were read: up to one of the ends, whose name is read, too.
  private List<Statement> body(Token opened, Set<String> ends) {
    tokens.skip(":");
    tokens.expect(Kind.BLOCK_END);
    tokens.enter();
    var body = statements(ends, opened);
    tokens.leave();
    return body;
  }

  private List<Statement> body(Token opened) {
    var body = body(opened, Set.of("end" + opened.text()));
    tokens.next();
    return body;
  }

  private List<Statement> statement(Set<String> ends) {
    Token tag = tokens.expect(Kind.NAME);
    return switch (tag.text()) {
      case "if" -> List.of(condition(tag));
      case "for" -> List.of(loop(tag));
      case "set" -> List.of(assignment(tag));
      case "macro" -> List.of(macro(tag));
      case "call" -> List.of(call(tag));
      case "filter" -> List.of(filterBlock(tag));
      case "with" -> List.of(with(tag));
      case "print" -> print(tag);
      case "generation" -> List.of(new Statement.Generation(ownBody(tag), tag.line()));
      case "break" -> List.of(new Statement.Break(inLoop(tag)));
      case "continue" -> List.of(new Statement.Continue(inLoop(tag)));
      default -> throw unknown(tag, ends);
    };
  }

  private static TemplateException unknown(Token tag, Set<String> ends) {
    if (ELSEWHERE.contains(tag.text())) {
      return new TemplateException(tag.line(), "`{% " + tag.text() + " %}` is not supported: chat templates stand alone");
    }
    return new TemplateException(tag.line(), "there is no tag `{% " + tag.text() + " %}`"
        + (ends.isEmpty() ? "" : " here; expected "
        + ends.stream().sorted().map(e -> "`{% " + e + " %}`").collect(Collectors.joining(" or "))));
  }

  private int inLoop(Token tag) {
    if (loops == 0) {
      throw new TemplateException(tag.line(), "`{% " + tag.text() + " %}` stands outside of a loop");
    }
    return tag.line();
  }

  /// A body that no loop around it reaches into.
  private List<Statement> ownBody(Token tag) {
    int outside = loops;
    loops = 0;
    var body = body(tag);
    loops = outside;
    return body;
  }

  private Statement condition(Token tag) {
    var branches = new ArrayList<Branch>();
    var ends = Set.of("elif", "else", "endif");
    operands.enterCondition();
    String end;
    do {
      branches.add(new Branch(expressions.tuple(false, ""), body(tag, ends)));
      end = tokens.next().text();
    } while (end.equals("elif"));
    var otherwise = end.equals("else") ? body(tag) : List.<Statement>of();
    operands.leaveCondition();
    return new Statement.If(branches, otherwise, tag.line());
  }

  private Statement loop(Token tag) {
    Target target = target("in", false);
    tokens.expectName("in");
    Expression items = expressions.tuple(false, "recursive");
    Expression condition = tokens.skipName("if") ? expressions.expression() : null;
    boolean recursive = tokens.skipName("recursive");
    loops++;
    var body = body(tag, Set.of("endfor", "else"));
    loops--;
    var otherwise = tokens.next().text().equals("else") ? body(tag) : List.<Statement>of();
    return new Statement.For(target, items, condition, recursive, body, otherwise, tag.line());
  }

  private Statement assignment(Token tag) {
    Target target = target("", true);
    if (tokens.skip("=")) {
      return new Statement.Assign(target, expressions.tuple(true, ""), tag.line());
    }
    var filter = operands.filterChain(null);
    return new Statement.AssignBlock(target, filter, body(tag), tag.line());
  }

  private Statement macro(Token tag) {
    String name = tokens.expect(Kind.NAME).text();
    return new Statement.DefineMacro(name, signature(parameters(), tag), tag.line());
  }

  private Statement call(Token tag) {
    var parameters = tokens.current().is("(") ? parameters() : new Parameters(List.of(), List.of());
    if (!(expressions.expression() instanceof Expression.Call call)) {
      throw new TemplateException(tag.line(), "`{% call %}` needs a call, such as `{% call frame('title') %}`");
    }
    return new Statement.CallBlock(call, signature(parameters, tag), tag.line());
  }

  private Parameters parameters() {
    var names = new ArrayList<String>();
    var defaults = new ArrayList<Expression>();
    tokens.expect("(");
    while (!tokens.current().is(")")) {
      if (!names.isEmpty()) {
        tokens.expect(",");
      }
      Token name = tokens.expect(Kind.NAME);
      names.add(assignable(name));
      if (tokens.skip("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw new TemplateException(name.line(), "the parameter `" + name.text() + "` without a default follows one with a default");
      }
    }
    tokens.expect(")");
    return new Parameters(names, defaults);
  }

  private Signature signature(Parameters parameters, Token tag) {
    var outside = operands.swapNames(new HashSet<>());
    var body = ownBody(tag);
    var named = operands.swapNames(outside);
    outside.addAll(named);
    named.retainAll(SPECIAL);
    return new Signature(parameters.names(), parameters.defaults(), body, named);
  }

  private Statement filterBlock(Token tag) {
    Expression.Filter filter = operands.namedFilter(null);
    var chain = operands.filterChain(filter);
    return new Statement.FilterBlock(chain == null ? filter : chain, body(tag), tag.line());
  }

  private Statement with(Token tag) {
    var targets = new ArrayList<Target>();
    var values = new ArrayList<Expression>();
    while (tokens.current().kind() != Kind.BLOCK_END) {
      if (!targets.isEmpty()) {
        tokens.expect(",");
      }
      targets.add(target("", false));
      tokens.expect("=");
      values.add(expressions.expression());
    }
    return new Statement.With(targets, values, body(tag), tag.line());
  }

  /// Whether a `{% generation %}` stands anywhere in the statements.
  static boolean holdsGeneration(List<Statement> statements) {
    return statements.stream().anyMatch(statement -> switch (statement) {
      case Statement.Generation _ -> true;
      case Statement.If s -> holdsGeneration(s.otherwise()) || s.branches().stream().anyMatch(b -> holdsGeneration(b.body()));
      case Statement.For s -> holdsGeneration(s.body()) || holdsGeneration(s.otherwise());
      case Statement.AssignBlock s -> holdsGeneration(s.body());
      case Statement.DefineMacro s -> holdsGeneration(s.signature().body());
      case Statement.CallBlock s -> holdsGeneration(s.caller().body());
      case Statement.FilterBlock s -> holdsGeneration(s.body());
      case Statement.With s -> holdsGeneration(s.body());
      default -> false;
    });
  }

  private List<Statement> print(Token tag) {
    var outputs = new ArrayList<Statement>();
    while (tokens.current().kind() != Kind.BLOCK_END) {
      if (!outputs.isEmpty()) {
        tokens.expect(",");
      }
      outputs.add(new Statement.Output(expressions.expression(), tag.line()));
    }
    return outputs;
  }

  /// One target, or several as in `a, b`.
  private Target target(String end, boolean namespaces) {
    var targets = new ArrayList<Target>();
    boolean several = false;
    do {
      Token token = tokens.current();
      if (several && (token.kind() == Kind.BLOCK_END || token.is("=") || token.is(")") || token.isName(end))) {
        break;
      }
      targets.add(single(end, namespaces));
      several = several || tokens.current().is(",");
    } while (tokens.skip(","));
    return several ? new Target.Unpacked(targets) : targets.getFirst();
  }

  private Target single(String end, boolean namespaces) {
    tokens.enter();
    try {
      if (tokens.skip("(")) {
        Target inner = target(end, namespaces);
        tokens.expect(")");
        return inner;
      }
      Token name = tokens.expect(Kind.NAME);
      if (namespaces && tokens.skip(".")) {
        return new Target.NamespaceAttribute(name.text(), tokens.expect(Kind.NAME).text());
      }
      return new Target.Name(assignable(name));
    } finally {
      tokens.leave();
    }
  }

  private static String assignable(Token name) {
    if (CONSTANTS.contains(name.text())) {
      throw new TemplateException(name.line(), "cannot assign to `" + name.text() + "`");
    }
    return name.text();
  }
}
