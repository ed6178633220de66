package org.jtorch.recipes.align;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.data.BatchSource;
import org.jtorch.data.ExampleBatches;
import org.jtorch.io.DataException;
import org.jtorch.recipes.Artifacts;

/// The prompts of a recipe, those to learn from apart from those to validate on.
record HeldPrompts(BatchSource<List<Prompt>> batches, List<Prompt> held) {
  static HeldPrompts read(AnsweringRecipe recipe, ChatLoop loop, ChatModel chats) {
    return read(recipe, recipe.seed(), chats, loop.known(), loop.logs()::note);
  }

  /// @param order what the order of the prompts follows from; which are held out follows from the recipe's seed
  /// @param note hears what was found
  static HeldPrompts read(AnsweringRecipe recipe, long order, ChatModel chats, Artifacts known, Consumer<String> note) {
    var prompts = recipe.prompts().read(chats, known, note);
    if (prompts.isEmpty()) {
      throw new DataException("no prompt has at most " + recipe.prompts().maxTokens() + " tokens; raise `prompts.max_tokens`");
    }
    var train = new ArrayList<List<Prompt>>();
    var held = new ArrayList<Prompt>();
    HeldOut.divide(prompts, recipe.heldOut(), recipe.seed(), train, held);
    return new HeldPrompts(new ExampleBatches<>(order, recipe.train().batch(), train.getFirst(), List::copyOf), held);
  }
}
