package org.jtorch.recipes.config;

import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Changes from the command line, applied to the tree of a recipe in the order given:
/// `a.b=v`, `a[1].c=v`, `+a.b=v` for a new key of a map or a new item of a list, `~a.b` to remove. An item that has a `name` goes by
/// it, too: `stages.core.seed=2`.
/// An override is split at its first `=`; the value is YAML, so JSON too.
final class Overrides {
  private final Tree.Mapping root;
  private final List<Problem> problems;

  Overrides(Tree.Mapping root, List<Problem> problems) {
    this.root = root;
    this.problems = problems;
  }

  void apply(List<String> overrides) {
    for (String override : overrides) {
      try {
        apply(override);
      } catch (RecipeException e) {
        e.problems().forEach(p -> problem(override, p.message()));
      } catch (IllegalArgumentException e) {
        problem(override, String.valueOf(e.getMessage()));
      }
    }
  }

  private void problem(String path, String message) {
    problems.add(Problem.at(Origin.override(), path, message));
  }

  private void apply(String override) {
    if (override.startsWith("~")) {
      String path = override.substring(1);
      int equals = path.indexOf('=');
      if (equals >= 0) throw new IllegalArgumentException("a removal has no value; write ~" + path.substring(0, equals));
      change(Names.steps(path), path, null, false);
      return;
    }
    int equals = override.indexOf('=');
    if (equals < 0) throw new IllegalArgumentException("is no override; write key=value, +key=value or ~key");
    boolean plus = override.startsWith("+");
    String path = override.substring(plus ? 1 : 0, equals).strip();
    var steps = Names.steps(path);
    var inValue = new ArrayList<Problem>();
    var value = YamlReader.value(override.substring(equals + 1), Origin.override(), inValue);
    inValue.forEach(p -> problem(path, p.message()));
    change(steps, path, value, plus);
  }

  /// Walks to the parent of the last step, making blocks on the way, and sets (or removes) there.
  private void change(List<String> steps, String path, @Nullable Tree value, boolean plus) {
    Tree here = root;
    String walked = "";
    for (int i = 0; i < steps.size() - 1; i++) {
      String step = steps.get(i);
      here = switch (here) {
        case Tree.Mapping m -> descend(m, step, walked, steps.get(i + 1), value == null, !plus);
        case Tree.Sequence s -> open(s, position(s, step, walked));
        case Tree.Scalar _ -> throw new IllegalArgumentException("\"" + walked + "\" is a single value, not a block");
      };
      walked = step.startsWith("[") ? walked + step : Names.join(walked, step);
    }
    String last = steps.getLast();
    switch (here) {
      case Tree.Mapping m when value == null -> remove(m, last);
      case Tree.Mapping m -> set(m, last, path, value, plus);
      case Tree.Sequence s when value == null -> s.items().remove(position(s, last, walked));
      case Tree.Sequence s when plus && last.equals("[" + s.items().size() + "]") -> s.items().add(value);
      case Tree.Sequence s -> s.items().set(position(s, last, walked), value);
      case Tree.Scalar _ -> throw new IllegalArgumentException("\"" + walked + "\" is a single value, not a block");
    }
  }

  private static Tree descend(Tree.Mapping block, String key, String walked, String next, boolean removal, boolean fresh) {
    if (Names.index(key) != null) throw new IllegalArgumentException("\"" + walked + "\" is a block of keys, not a list");
    var entry = block.entries().get(key);
    boolean missing = entry == null || (entry.value() instanceof Tree.Scalar(var text, _, _) && text == null);
    if (missing && (removal || Names.index(next) != null)) {
      throw new IllegalArgumentException("the recipe does not set \"" + Names.join(walked, key) + "\""
          + Suggest.hint(key, block.entries().keySet()));
    }
    if (entry != null && entry.value() instanceof Tree.Scalar scalar && scalar.text() != null) {
      var typed = typed(scalar);
      block.entries().put(key, new Tree.Entry(entry.key(), typed, entry.fresh()));
      return typed;
    }
    if (!missing && entry != null) return entry.value();
    var made = Tree.Mapping.empty(Origin.override(), true);
    block.entries().put(key, new Tree.Entry(Origin.override(), made, fresh));
    return made;
  }

  private static Tree open(Tree.Sequence list, int i) {
    if (list.items().get(i) instanceof Tree.Scalar scalar && scalar.text() != null) list.items().set(i, typed(scalar));
    return list.items().get(i);
  }

  /// `adamw` is short for `{type: adamw}`.
  static Tree.Mapping typed(Tree.Scalar scalar) {
    var block = Tree.Mapping.empty(scalar.origin(), false);
    block.entries().put("type", new Tree.Entry(scalar.origin(), scalar, false));
    return block;
  }

  private static int position(Tree.Sequence list, String step, String walked) {
    Integer i = Names.index(step) == null ? named(list, step) : Names.index(step);
    if (i == null) throw new IllegalArgumentException("\"" + walked + "\" is a list; write " + walked + "[0]." + step);
    if (i < list.items().size()) return i;
    throw new IllegalArgumentException("\"" + walked + "\" has " + list.items().size() + " items; "
        + (list.items().isEmpty() ? "" : "the last is " + walked + "[" + (list.items().size() - 1) + "]; ")
        + "+" + walked + "[" + list.items().size() + "]=... adds one");
  }

  /// The place of the item that says `name: step`, or null.
  private static @Nullable Integer named(Tree.Sequence list, String step) {
    for (int i = 0; i < list.items().size(); i++) {
      if (list.items().get(i) instanceof Tree.Mapping item && item.at("name") instanceof Tree.Scalar(var text, _, _) && step.equals(text)) {
        return i;
      }
    }
    return null;
  }

  private static void set(Tree.Mapping block, String key, String path, Tree value, boolean plus) {
    if (Names.index(key) != null) throw new IllegalArgumentException("\"" + path + "\" points into a block of keys, not a list");
    SequencedMap<String, Tree.Entry> entries = block.entries();
    var old = entries.get(key);
    if (plus && old != null) throw new IllegalArgumentException("\"" + path + "\" is already set; write " + path + "=...");
    boolean fresh = !plus && (old == null || old.fresh());
    entries.put(key, new Tree.Entry(Origin.override(), value, fresh));
  }

  private static void remove(Tree.Mapping block, String key) {
    if (block.entries().remove(key) == null) {
      throw new IllegalArgumentException("the recipe does not set \"" + key + "\", so there is nothing to remove"
          + Suggest.hint(key, block.entries().keySet()));
    }
  }
}
