package org.jtorch.recipes.align;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.data.BatchSource;
import org.jtorch.data.ExampleBatches;
import org.jtorch.io.DataException;

/// The prompts of a recipe, those to learn from apart from those to validate on.
record HeldPrompts(BatchSource<List<Prompt>> batches, List<Prompt> held) {
  static HeldPrompts read(AnsweringRecipe recipe, ChatLoop loop, ChatModel chats) {
    var prompts = recipe.prompts().read(chats, loop.logs()::note);
    if (prompts.isEmpty()) {
      throw new DataException("no prompt has at most " + recipe.prompts().maxTokens() + " tokens; raise `prompts.max_tokens`");
    }
    var train = new ArrayList<List<Prompt>>();
    var held = new ArrayList<Prompt>();
    HeldOut.divide(prompts, recipe.heldOut(), recipe.seed(), train, held);
    return new HeldPrompts(new ExampleBatches<>(recipe.seed(), recipe.train().batch(), train.getFirst(), List::copyOf), held);
  }
}
