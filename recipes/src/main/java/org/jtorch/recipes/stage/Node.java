package org.jtorch.recipes.stage;

import java.util.Map;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Reference;

/// One stage of a run, after groups are unfolded.
///
/// @param name the stage's own, or `group-round.stage`; its folder's, too
/// @param path of its block in the recipe: `stages[1].stages[0]`
/// @param recipe what it does
/// @param visible the names that its references may use, and the nodes (or folders) that they stand for
record Node(String name, String path, Stage recipe, RecipeType type, Map<String, String> visible) {
  /// What a reference stands for: the name of a node, or a folder.
  String target(Reference reference) {
    return visible.getOrDefault(reference.text(), reference.text());
  }
}
