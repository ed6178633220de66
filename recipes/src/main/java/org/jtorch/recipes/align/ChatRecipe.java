package org.jtorch.recipes.align;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.Stage;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.OptimizerConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Metrics;
import org.jtorch.recipes.run.Save;

/// What recipes that train on chats have in common.
interface ChatRecipe extends Stage {
  Reference from();

  long seed();

  String device();

  String dtype();

  ChatsConfig chats();

  /// How many examples there are, held-out ones among them; before a stage that makes some has run, how many it promises.
  ///
  /// @param note hears what was found
  default long examples(Artifacts known, Consumer<String> note) {
    return chats().sources().stream().mapToLong(source -> source.examples(known, note)).sum();
  }

  LoopConfig train();

  OptimizerConfig optimizer();

  /// What learns in the place of the whole model; null for the whole model.
  default @Nullable AdapterConfig adapter() {
    return null;
  }

  Eval eval();

  Save save();

  Metrics metrics();
}
