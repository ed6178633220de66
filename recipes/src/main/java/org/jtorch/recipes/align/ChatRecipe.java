package org.jtorch.recipes.align;

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

  Eval eval();

  Save save();

  Metrics metrics();
}
