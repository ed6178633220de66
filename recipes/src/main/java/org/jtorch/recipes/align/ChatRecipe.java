package org.jtorch.recipes.align;

import java.util.function.Consumer;
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

  /// How many examples there are, held-out ones among them.
  ///
  /// @param note hears what was found
  default long examples(Artifacts known, Consumer<String> note) {
    long examples = 0;
    for (var source : chats().sources()) {
      examples += source.examples(known, note);
    }
    return examples;
  }

  LoopConfig train();

  OptimizerConfig optimizer();

  Eval eval();

  Save save();

  Metrics metrics();
}
