package org.jtorch.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Statement.Signature;
import org.jtorch.jinja.Statement.Target;
import org.jtorch.jinja.python.Budget;
import org.jtorch.jinja.python.Items;
import org.jtorch.jinja.python.PythonException;
import org.jtorch.jinja.python.Value;

/// Does what statements say.
final class Renderer {
  private enum Flow { NEXT, BREAK, CONTINUE }

  private final Budget budget;
  private final RenderOptions options;
  private final Shadows shadows;
  private final Evaluator evaluator;

  Renderer(Budget budget, RenderOptions options, Shadows shadows) {
    this.budget = budget;
    this.shadows = shadows;
    this.options = options;
    this.evaluator = new Evaluator(budget);
  }

  /// @param scope the template's variables
  String template(List<Statement> statements, Scope scope) {
    return text(statements, scope.without(shadows.in(statements)));
  }

  private String text(List<Statement> body, Scope scope) {
    var out = new StringBuilder();
    run(body, scope, out);
    return out.toString();
  }

  private Scope inside(List<Statement> body, Scope around) {
    return new Scope(around).without(shadows.in(body));
  }

  private Flow run(List<Statement> body, Scope scope, StringBuilder out) {
    for (Statement statement : body) {
      Flow flow = run(statement, scope, out);
      if (flow != Flow.NEXT) {
        return flow;
      }
    }
    return Flow.NEXT;
  }

  private Flow run(Statement statement, Scope scope, StringBuilder out) {
    budget.enter();
    try {
      budget.steps(1);
      return flow(statement, scope, out);
    } catch (PythonException e) {
      throw new TemplateException(statement.line(), String.valueOf(e.getMessage()));
    } finally {
      budget.leave();
    }
  }

  private Flow flow(Statement statement, Scope scope, StringBuilder out) {
    return switch (statement) {
      case Statement.Data(String text, _) -> write(text, out);
      case Statement.Output(var value, _) -> write(evaluator.text(evaluator.evaluate(value, scope)), out);
      case Statement.If condition -> condition(condition, scope, out);
      case Statement.For loop -> loop(loop, evaluator.evaluate(loop.items(), scope), scope, 0, out);
      case Statement.Assign(var target, var value, _) -> assign(target, evaluator.evaluate(value, scope), scope);
      case Statement.AssignBlock(var target, var filter, var body, _) -> {
        Value text = Value.Str.of(text(body, inside(body, scope)));
        yield assign(target, filter == null ? text : evaluator.filter(filter, scope, text), scope);
      }
      case Statement.DefineMacro(String name, Signature signature, _) ->
          assign(new Target.Name(name), macro(name, signature, scope), scope);
      case Statement.CallBlock(var call, Signature signature, _) ->
          writeText(evaluator.call(call, scope, macro(null, signature, scope)), out);
      case Statement.FilterBlock(var filter, var body, _) ->
          writeText(evaluator.filter(filter, scope, Value.Str.of(text(body, inside(body, scope)))), out);
      case Statement.With with -> with(with, scope, out);
      case Statement.Generation(var body, _) -> {
        write(options.generationBegins(), out);
        run(body, inside(body, scope), out);
        yield write(options.generationEnds(), out);
      }
      case Statement.Break _ -> Flow.BREAK;
      case Statement.Continue _ -> Flow.CONTINUE;
    };
  }

  /// What blocks give must be text already.
  private Flow writeText(Value value, StringBuilder out) {
    if (!(value instanceof Value.Str(String text, _))) {
      throw new PythonException("the block gives a value of type " + value.type() + ", not text");
    }
    return write(text, out);
  }

  private Flow write(String text, StringBuilder out) {
    budget.characters(text.length());
    out.append(text);
    return Flow.NEXT;
  }

  private Flow condition(Statement.If statement, Scope scope, StringBuilder out) {
    for (var branch : statement.branches()) {
      if (evaluator.evaluate(branch.condition(), scope).isTrue()) {
        return run(branch.body(), scope, out);
      }
    }
    return run(statement.otherwise(), scope, out);
  }

  private Flow with(Statement.With statement, Scope scope, StringBuilder out) {
    var inner = inside(statement.body(), scope);
    for (int i = 0; i < statement.targets().size(); i++) {
      assign(statement.targets().get(i), evaluator.evaluate(statement.values().get(i), scope), inner);
    }
    return run(statement.body(), inner, out);
  }

  private Macro macro(@Nullable String name, Signature signature, Scope scope) {
    return new Macro(name, signature, scope, evaluator, inner -> text(signature.body(), inner.without(shadows.in(signature.body()))));
  }

  private Flow loop(Statement.For loop, Value items, Scope scope, int depth, StringBuilder out) {
    var condition = loop.condition();
    var wanted = condition == null ? Items.iterate(items) : filtered(loop.target(), condition, Items.iterate(items), scope);
    var state = new Loop(condition == null ? items : new Value.Generator(wanted), wanted, depth, loop.recursive()
        ? inner -> {
          var nested = new StringBuilder();
          loop(loop, inner, scope, depth + 1, nested);
          return budget.text(nested.toString());
        } : null, budget);
    boolean completed = false;
    Flow flow = Flow.NEXT;
    while (flow != Flow.BREAK && state.hasNext()) {
      budget.steps(1);
      var inner = inside(loop.body(), scope);
      assign(loop.target(), state.next(), inner);
      flow = run(loop.body(), inner.with("loop", state), out);
      completed |= flow == Flow.NEXT;
    }
    return completed ? Flow.NEXT : run(loop.otherwise(), inside(loop.otherwise(), scope), out);
  }

  /// The items that the loop's condition lets through, asked for one by one.
  private Iterator<Value> filtered(Target target, Expression condition, Iterator<Value> items, Scope scope) {
    return Lazily.filtered(Lazily.mapped(items, item -> unpacked(target, item)), item -> {
      var inner = new Scope(scope);
      assign(target, item, inner);
      return evaluator.evaluate(condition, inner).isTrue();
    });
  }

  /// The item as a loop with a condition hands it on: what several names take is a tuple from then on.
  private Value unpacked(Target target, Value item) {
    if (!(target instanceof Target.Unpacked(var targets))) {
      return item;
    }
    var values = values(item, targets.size());
    return new Value.Tuple(IntStream.range(0, values.size()).mapToObj(i -> unpacked(targets.get(i), values.get(i))).toList());
  }

  private List<Value> values(Value value, int count) {
    var values = Items.list(value, budget);
    if (values.size() != count) {
      throw new PythonException("cannot unpack " + values.size() + " values into " + count + " names");
    }
    return values;
  }

  private Flow assign(Target target, Value value, Scope scope) {
    switch (target) {
      case Target.Name(String name) -> scope.set(name, value);
      case Target.Unpacked(var targets) -> {
        var values = values(value, targets.size());
        for (int i = 0; i < values.size(); i++) {
          assign(targets.get(i), values.get(i), scope);
        }
      }
      case Target.NamespaceAttribute(String namespace, String name) -> {
        if (!(scope.get(namespace) instanceof Namespace n)) {
          throw new PythonException("cannot assign attribute on non-namespace object `" + namespace + "`");
        }
        n.set(name, value);
      }
    }
    return Flow.NEXT;
  }
}
