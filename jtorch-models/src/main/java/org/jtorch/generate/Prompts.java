package org.jtorch.generate;

import java.util.List;
import org.jtorch.decoder.CausalLm;

/// What can be continued at all.
final class Prompts {
  private Prompts() {}

  /// Refuses what cannot be generated, before any memory is taken.
  static void check(CausalLm model, List<long[]> prompts, int newTokens) {
    if (prompts.isEmpty()) {
      throw new IllegalArgumentException("there are no prompts; give at least one");
    }
    for (int i = 0; i < prompts.size(); i++) {
      long[] p = prompts.get(i);
      if (p.length == 0) {
        throw new IllegalArgumentException("prompt " + i
            + " is empty; start it with one token at least, the tokenizer's BOS for example");
      }
      long together = (long) p.length + newTokens;
      if (!model.fits(together)) {
        throw new IllegalArgumentException("prompt " + i + " has " + p.length + " tokens and `max_new_tokens` is " + newTokens
            + ", together " + together + ", but the model allows " + model.maxPositions() + " (`max_position_embeddings`); "
            + (p.length < model.maxPositions() ? "ask for at most " + (model.maxPositions() - p.length) + " new tokens or shorten"
                : "shorten") + " the prompt");
      }
      checkIds(p, i, model.inputIds());
    }
  }

  private static void checkIds(long[] prompt, int row, int vocab) {
    for (long id : prompt) {
      if (id < 0 || id >= vocab) {
        throw new IllegalArgumentException("prompt " + row + " holds the token id " + id + " but the model knows 0 to "
            + (vocab - 1) + "; encode it with the model's own tokenizer");
      }
    }
  }
}
