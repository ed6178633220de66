package org.jtorch.jinja;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a template does.
sealed interface Statement {
  int line();

  /// Text as it stands.
  record Data(String text, int line) implements Statement {}

  /// `{{ value }}`
  record Output(Expression value, int line) implements Statement {}

  record If(List<Branch> branches, List<Statement> otherwise, int line) implements Statement {}

  record Branch(Expression condition, List<Statement> body) {}

  /// `{% for target in items if condition recursive %}`
  ///
  /// @param otherwise what is done if no round came to its end: there was nothing to loop over, or each ended early
  record For(Target target, Expression items, @Nullable Expression condition, boolean recursive, List<Statement> body,
      List<Statement> otherwise, int line) implements Statement {}

  /// `{% set target = value %}`
  record Assign(Target target, Expression value, int line) implements Statement {}

  /// `{% set target | filter %}...{% endset %}`
  record AssignBlock(Target target, Expression.@Nullable Filter filter, List<Statement> body, int line) implements Statement {}

  record DefineMacro(String name, Signature signature, int line) implements Statement {}

  /// `{% call(parameters) macro(arguments) %}...{% endcall %}`
  record CallBlock(Expression.Call call, Signature caller, int line) implements Statement {}

  record FilterBlock(Expression.Filter filter, List<Statement> body, int line) implements Statement {}

  record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement {}

  /// `{% generation %}`, of transformers: what the assistant wrote.
  record Generation(List<Statement> body, int line) implements Statement {}

  record Break(int line) implements Statement {}

  record Continue(int line) implements Statement {}

  /// Parameters and body of a macro.
  ///
  /// @param defaults of the last parameters
  /// @param uses which of `caller`, `varargs` and `kwargs` the body names
  record Signature(List<String> parameters, List<Expression> defaults, List<Statement> body, Set<String> uses) {}

  /// What is assigned to.
  sealed interface Target {
    record Name(String name) implements Target {}

    record Unpacked(List<Target> targets) implements Target {}

    /// `namespace.name`
    record NamespaceAttribute(String namespace, String name) implements Target {}
  }
}
