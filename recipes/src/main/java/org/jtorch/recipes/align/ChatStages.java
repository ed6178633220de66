package org.jtorch.recipes.align;

import java.nio.file.Path;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;

/// What stages on chats leave.
final class ChatStages {
  private ChatStages() {}

  /// Where a recipe runs.
  static RunFolder folder(ChatRecipe recipe, RunArgs args) {
    Path folder = RecipeRun.folder(args, recipe.name());
    var adapter = recipe.adapter();
    return adapter != null && adapter.leavesAdapter() ? RunFolder.ofAdapter(folder) : new RunFolder(folder);
  }

  static Artifact leaves(ChatRecipe recipe, Path folder, Artifacts known) {
    var from = known.model(recipe.from());
    var run = new RunFolder(folder);
    var adapter = recipe.adapter();
    if (adapter != null && adapter.leavesAdapter()) {
      return new Artifact.Adapter(run.adapter(), from.folder());
    }
    if (recipe instanceof RewardRecipe) {
      return new Artifact.RewardModel(run.model(), from.shape(), from.tokens(), from.eos());
    }
    return new Artifact.Model(run.model(), from.shape(), from.tokens(), from.eos(), adapter == null ? run.checkpoints() : null);
  }
}
