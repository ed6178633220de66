package org.jtorch.jinja;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jtorch.jinja.Statement.Signature;
import org.jtorch.jinja.Statement.Target;

/// The names that a template reads and never gives a value itself, nor asks whether they are defined: what it needs to be given.
///
/// Jinja writes nothing where a variable is missing; who wants to know beforehand asks here. A name that is assigned to anywhere
/// counts as given.
final class FreeNames {
  private static final Set<String> GIVEN =
      Set.of("range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now", "loop", "caller", "varargs", "kwargs");

  private final Set<String> read = new TreeSet<>();
  private final Set<String> given = new HashSet<>(GIVEN);

  private FreeNames() {}

  static Set<String> of(List<Statement> template) {
    var names = new FreeNames();
    names.statements(template);
    names.read.removeAll(names.given);
    return names.read;
  }

  private void statements(List<Statement> body) {
    body.forEach(this::statement);
  }

  private void statement(Statement statement) {
    switch (statement) {
      case Statement.Output s -> read(s.value());
      case Statement.If s -> {
        s.branches().forEach(branch -> {
          read(branch.condition());
          statements(branch.body());
        });
        statements(s.otherwise());
      }
      case Statement.For s -> {
        read(s.items());
        if (s.condition() != null) {
          read(s.condition());
        }
        give(s.target());
        statements(s.body());
        statements(s.otherwise());
      }
      case Statement.Assign s -> {
        read(s.value());
        give(s.target());
      }
      case Statement.AssignBlock s -> {
        give(s.target());
        statements(s.body());
      }
      case Statement.DefineMacro s -> {
        given.add(s.name());
        signature(s.signature());
      }
      case Statement.CallBlock s -> {
        read(s.call());
        signature(s.caller());
      }
      case Statement.FilterBlock s -> {
        read(s.filter());
        statements(s.body());
      }
      case Statement.With s -> {
        s.values().forEach(this::read);
        s.targets().forEach(this::give);
        statements(s.body());
      }
      case Statement.Generation s -> statements(s.body());
      case Statement.Data _, Statement.Break _, Statement.Continue _ -> { }
    }
  }

  private void signature(Signature signature) {
    given.addAll(signature.parameters());
    signature.defaults().forEach(this::read);
    statements(signature.body());
  }

  private void give(Target target) {
    switch (target) {
      case Target.Name(String name) -> given.add(name);
      case Target.Unpacked(var targets) -> targets.forEach(this::give);
      case Target.NamespaceAttribute _ -> { }
    }
  }

  private void read(Expression expression) {
    switch (expression) {
      case Expression.Name(String name, _) -> read.add(name);
      case Expression.Test(Expression.Name(String name, _), String test, _, _) when test.endsWith("defined") -> given.add(name);
      case Expression.Filter(Expression.Name(String name, _), String filter, _, _)
          when filter.equals("default") || filter.equals("d") -> {
        given.add(name);
        expression.parts().forEach(this::read);
      }
      default -> expression.parts().forEach(this::read);
    }
  }
}
