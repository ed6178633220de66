package org.jtorch.recipes.align;

import java.nio.file.Path;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.run.RunFolder;

/// What stages on chats leave.
final class ChatStages {
  private ChatStages() {}

  static Artifact leaves(ChatRecipe recipe, Path folder, Artifacts known) {
    var from = known.model(recipe.from());
    var run = new RunFolder(folder);
    return new Artifact.Model(run.model(), from.shape(), from.tokens(), from.eos(), run.checkpoints());
  }
}
