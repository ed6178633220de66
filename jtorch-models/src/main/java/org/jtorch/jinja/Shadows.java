package org.jtorch.jinja;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.jinja.Statement.Signature;
import org.jtorch.jinja.Statement.Target;

/// The names that a block assigns to before it reads them itself. Jinja makes them undefined when the block begins, so that what stands
/// in blocks inside of it does not see the variable of that name outside, even above the assignment: in
/// `{% for i in items %}{{ x }}{% endfor %}{% set x = 1 %}` the loop writes nothing, whatever `x` was given.
///
/// As Jinja's `idtracking` finds them: what is assigned to in a branch of `{% if %}` alone is not among them, nor what a block further
/// out knows.
final class Shadows {
  private final Map<List<Statement>, Set<String>> names = new IdentityHashMap<>();

  private Shadows() {}

  static Shadows of(List<Statement> template) {
    var shadows = new Shadows();
    shadows.block(template, new Frame(null));
    return shadows;
  }

  /// The names that are undefined when this block begins.
  Set<String> in(List<Statement> body) {
    return names.getOrDefault(body, Set.of());
  }

  /// What is known of a block's names.
  private static final class Frame {
    private final @Nullable Frame around;
    private final Set<String> known = new HashSet<>();
    private final Set<String> shadowed = new HashSet<>();

    Frame(@Nullable Frame around) {
      this.around = around;
    }

    private boolean knows(String name) {
      return known.contains(name) || around != null && around.knows(name);
    }

    void read(String name) {
      if (!knows(name)) {
        known.add(name);
      }
    }

    void assign(String name) {
      if (!knows(name)) {
        shadowed.add(name);
      }
      known.add(name);
    }

    /// What a branch may do to the names of its block.
    Frame branch() {
      var branch = new Frame(around);
      branch.known.addAll(known);
      return branch;
    }

    void join(Frame branch) {
      known.addAll(branch.known);
    }
  }

  /// The names of a block first, all of them; then the blocks inside.
  private void block(List<Statement> body, Frame frame) {
    body.forEach(statement -> own(statement, frame));
    names.put(body, Set.copyOf(frame.shadowed));
    body.forEach(statement -> inner(statement, frame));
  }

  private static void own(Statement statement, Frame frame) {
    switch (statement) {
      case Statement.Output(var value, _) -> read(value, frame);
      case Statement.If(var branches, var otherwise, _) -> {
        read(branches.getFirst().condition(), frame);
        for (var branch : branches) {
          var inside = frame.branch();
          read(branch.condition(), inside);
          branch.body().forEach(s -> own(s, inside));
          frame.join(inside);
        }
        var inside = frame.branch();
        otherwise.forEach(s -> own(s, inside));
        frame.join(inside);
      }
      case Statement.For loop -> read(loop.items(), frame);
      case Statement.Assign(var target, var value, _) -> {
        read(value, frame);
        assign(target, frame);
      }
      case Statement.AssignBlock(var target, _, _, _) -> assign(target, frame);
      case Statement.DefineMacro(String name, _, _) -> frame.assign(name);
      case Statement.CallBlock(var call, _, _) -> read(call, frame);
      case Statement.FilterBlock(var filter, _, _) -> read(filter, frame);
      case Statement.With with -> with.values().forEach(value -> read(value, frame));
      case Statement.Data _, Statement.Generation _, Statement.Break _, Statement.Continue _ -> { }
    }
  }

  private static void assign(Target target, Frame frame) {
    switch (target) {
      case Target.Name(String name) -> frame.assign(name);
      case Target.Unpacked(var targets) -> targets.forEach(t -> assign(t, frame));
      case Target.NamespaceAttribute(String namespace, _) -> frame.read(namespace);
    }
  }

  private void inner(Statement statement, Frame frame) {
    switch (statement) {
      case Statement.If(var branches, var otherwise, _) -> {
        branches.forEach(branch -> branch.body().forEach(s -> inner(s, frame)));
        otherwise.forEach(s -> inner(s, frame));
      }
      case Statement.For loop -> {
        var round = new Frame(frame);
        round.known.add("loop");
        give(loop.target(), round);
        block(loop.body(), round);
        block(loop.otherwise(), new Frame(frame));
      }
      case Statement.AssignBlock block -> block(block.body(), new Frame(frame));
      case Statement.DefineMacro macro -> macro(macro.signature(), frame);
      case Statement.CallBlock call -> macro(call.caller(), frame);
      case Statement.FilterBlock block -> block(block.body(), new Frame(frame));
      case Statement.With with -> {
        var inside = new Frame(frame);
        with.targets().forEach(target -> give(target, inside));
        block(with.body(), inside);
      }
      case Statement.Generation block -> block(block.body(), new Frame(frame));
      default -> { }
    }
  }

  private void macro(Signature signature, Frame frame) {
    var inside = new Frame(frame);
    inside.known.addAll(signature.parameters());
    inside.known.addAll(signature.uses());
    signature.defaults().forEach(value -> read(value, inside));
    block(signature.body(), inside);
  }

  /// Names that a block begins with.
  private static void give(Target target, Frame frame) {
    switch (target) {
      case Target.Name(String name) -> frame.known.add(name);
      case Target.Unpacked(var targets) -> targets.forEach(t -> give(t, frame));
      case Target.NamespaceAttribute _ -> { }
    }
  }

  private static void read(Expression expression, Frame frame) {
    if (expression instanceof Expression.Name(String name, _)) {
      frame.read(name);
    } else {
      expression.parts().forEach(part -> read(part, frame));
    }
  }
}
