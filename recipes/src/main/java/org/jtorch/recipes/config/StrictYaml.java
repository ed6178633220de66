package org.jtorch.recipes.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/// Binds a YAML recipe to a record, or says everything that is wrong with it.
///
/// ```java
/// var bound = StrictYaml.bind(Pretrain.class, RecipeSource.of("my.yaml", text), List.of("optim.lr=3e-4"));
/// train(bound.value());
/// System.out.print(bound.resolved().toYaml());
/// ```
///
/// At the top of a recipe two keys are always understood: `type`, which says what kind of recipe it is, and
/// `extends`, which names the recipe this one is laid over.
public final class StrictYaml {
  private static final int MAX_PARENTS = 16;

  private StrictYaml() {}

  /// The recipe as an `R`.
  ///
  /// @throws RecipeException with all problems, sorted by line
  public static <R> Bound<R> bind(Class<R> type, RecipeSource source, List<String> overrides) {
    return bind(type, source, overrides, Kinds.NONE);
  }

  /// The same with interfaces whose records the caller knows.
  public static <R> Bound<R> bind(Class<R> type, RecipeSource source, List<String> overrides, Kinds kinds) {
    var problems = new ArrayList<Problem>();
    var root = load(source, overrides, problems);
    var slot = new Binder(problems, kinds).root(type, root);
    if (!problems.isEmpty() || slot.value() == null) throw new RecipeException(source.name(), problems);
    return new Bound<>(type.cast(slot.value()), new Resolved(source.name(), slot.tree()));
  }

  /// What the recipe says after `type:`, or null if it does not say.
  ///
  /// @throws RecipeException if the text, what it extends or an override cannot be read
  public static @Nullable String typeOf(RecipeSource source, List<String> overrides) {
    return typeOf(source, overrides, Map.of());
  }

  /// The same with keys that tell it.
  ///
  /// @param telling keys that tell the type where a recipe does not say it, and the types that they tell
  /// @throws RecipeException if the text, what it extends or an override cannot be read
  public static @Nullable String typeOf(RecipeSource source, List<String> overrides, Map<String, String> telling) {
    var problems = new ArrayList<Problem>();
    var root = load(source, overrides, problems);
    if (root.at("type") instanceof Tree.Scalar(var text, _, _) && text != null) return text;
    for (var each : telling.entrySet()) {
      if (root.entries().containsKey(each.getKey())) return each.getValue();
    }
    if (!problems.isEmpty()) throw new RecipeException(source.name(), problems);
    return null;
  }

  private static Tree.Mapping load(RecipeSource source, List<String> overrides, List<Problem> problems) {
    var root = withParents(source, new LinkedHashSet<>(), problems);
    new Overrides(root, problems).apply(overrides);
    return root;
  }

  private static Tree.Mapping withParents(RecipeSource source, SequencedSet<String> chain, List<Problem> problems) {
    var own = rootOf(source, problems);
    chain.add(source.name());
    var entry = own.entries().remove("extends");
    if (entry == null) return own;
    if (!(entry.value() instanceof Tree.Scalar(var parent, _, var origin)) || parent == null) {
      problems.add(Problem.at(entry.value().origin(), "extends",
          "expected the name or path of one recipe, e.g. extends: quickstart"));
      return own;
    }
    try {
      var other = source.parents().apply(parent);
      if (chain.contains(other.name()) || chain.size() > MAX_PARENTS) {
        throw new IllegalArgumentException("recipes extend each other in a circle: "
            + String.join(" -> ", chain) + " -> " + other.name());
      }
      var base = withParents(other, chain, problems);
      if (own.otherType(base)) {
        throw new IllegalArgumentException("\"" + parent + "\" is a recipe of another type; remove type: from this one");
      }
      return own.over(base);
    } catch (RecipeException e) {
      problems.addAll(e.problems());
    } catch (IllegalArgumentException e) {
      problems.add(Problem.at(origin, "extends", String.valueOf(e.getMessage())));
    }
    return own;
  }

  private static Tree.Mapping rootOf(RecipeSource source, List<Problem> problems) {
    return switch (YamlReader.read(source.name(), source.text(), problems)) {
      case Tree.Mapping m -> m;
      case Tree.Scalar(var text, _, var origin) when text == null -> Tree.Mapping.empty(origin, false);
      case Tree other -> throw new RecipeException(source.name(),
          List.of(Problem.at(other.origin(), "", "a recipe is a block of keys, e.g. type: pretrain")));
    };
  }
}
