package org.jtorch.recipes.stage;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Reference;

/// From the list of a recipe to the stages that run, in their order: each group becomes its rounds.
final class Unfolding {
  private final Map<Class<?>, RecipeType> types = new LinkedHashMap<>();
  private final List<Node> nodes = new ArrayList<>();
  private final Set<String> names = new LinkedHashSet<>();
  private final List<String> problems = new ArrayList<>();

  /// @param types of the stages
  Unfolding(List<RecipeType> types) {
    types.forEach(type -> this.types.put(type.recordType(), type));
  }

  /// The stages that run.
  List<Node> of(StagesRecipe recipe) {
    stages(recipe.stages(), "stages", "", new LinkedHashMap<>());
    return List.copyOf(nodes);
  }

  /// Names that cannot be.
  List<String> problems() {
    return List.copyOf(problems);
  }

  /// @param path of the list in the recipe
  /// @param prefix of the names of these stages
  /// @param visible what is known before them; what they leave is added
  private void stages(List<Stage> list, String path, String prefix, Map<String, String> visible) {
    for (int i = 0; i < list.size(); i++) {
      Stage stage = list.get(i);
      String at = path + "[" + i + "]";
      String name = prefix + stage.name();
      if (!stage.name().matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
        problems.add("`" + at + ".name` is \"" + stage.name() + "\", but names a folder: letters, digits, - and _; e.g. core");
      } else if (!names.add(name)) {
        problems.add("`" + at + ".name` another stage is called \"" + name + "\"; give each its own name");
      }
      if (stage instanceof StageGroup group) {
        group(group, at, name, visible);
      } else {
        nodes.add(new Node(name, at, stage, Objects.requireNonNull(types.get(stage.getClass()), "the kinds of stages come from the types"), Map.copyOf(visible)));
        visible.put(stage.name(), name);
      }
    }
  }

  private void group(StageGroup group, String path, String name, Map<String, String> visible) {
    Map<String, String> last = visible;
    for (int round = 1; round <= group.repeat(); round++) {
      var inner = new LinkedHashMap<>(visible);
      var before = last;
      boolean first = round == 1;
      group.carry().forEach((carried, c) -> inner.put(carried, target(first ? c.first() : c.then(), before)));
      stages(group.stages(), path + ".stages", name + "-" + round + ".", inner);
      last = inner;
      for (Stage stage : group.stages()) {
        visible.put(group.name() + "-" + round + "." + stage.name(), inner.getOrDefault(stage.name(), stage.name()));
      }
    }
    for (Stage stage : group.stages()) {
      visible.put(group.name() + "." + stage.name(), last.getOrDefault(stage.name(), stage.name()));
    }
    visible.put(group.name(), last.getOrDefault(group.stages().getLast().name(), group.stages().getLast().name()));
  }

  private static String target(Reference reference, Map<String, String> visible) {
    return visible.getOrDefault(reference.text(), reference.text());
  }
}
