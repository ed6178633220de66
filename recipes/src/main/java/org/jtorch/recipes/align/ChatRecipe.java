package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
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
