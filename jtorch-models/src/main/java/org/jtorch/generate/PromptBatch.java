package org.jtorch.generate;

import java.util.Arrays;
import java.util.List;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Prompts of different lengths as one table that ends together, with room for new tokens. B rows, P the longest
/// prompt, N new tokens.
///
/// Padding repeats the row's first token: it is hidden by the mask, and the repetition penalty sees nothing foreign.
final class PromptBatch {
  private final int rows;
  private final int prompt;
  private final int total;
  /// int64 `[B, P + N]`
  private final Tensor tokens;
  private final Pass pass;
  private final boolean padded;
  private final Tensor positions;

  PromptBatch(List<long[]> prompts, int newTokens, Device device) {
    rows = prompts.size();
    prompt = prompts.stream().mapToInt(p -> p.length).max().orElseThrow();
    total = prompt + newTokens;
    padded = prompts.stream().anyMatch(p -> p.length < prompt);
    var ids = new long[rows * total];
    var real = new long[rows * total];
    var at = new long[rows * total];
    for (int i = 0; i < rows; i++) {
      long[] p = prompts.get(i);
      int start = i * total + prompt - p.length;
      Arrays.fill(ids, i * total, (i + 1) * total, p[0]);
      System.arraycopy(p, 0, ids, start, p.length);
      Arrays.fill(real, start, (i + 1) * total, 1);
      for (int j = start; j < (i + 1) * total; j++) {
        at[j] = (long) j - start;
      }
    }
    tokens = Ops.of(ids, device, rows, total);
    positions = Ops.of(at, device, rows, total);
    pass = padded ? Pass.EMPTY.withKeyMask(Ops.of(real, device, rows, total).eq(1)) : Pass.EMPTY;
  }

  int promptLength() {
    return prompt;
  }

  /// What the model reads at `step`: all prompts first, then one token a row. int64 `[B, T]`
  Tensor input(int step) {
    return step == 0 ? tokens.narrow(1, 0, prompt) : tokens.narrow(1, prompt + step - 1, 1);
  }

  Pass pass(int step) {
    if (!padded) {
      return Pass.EMPTY;
    }
    return pass.withPositions(step == 0 ? positions.narrow(1, 0, prompt) : positions.narrow(1, prompt + step - 1, 1));
  }

  /// All tokens before `step`'s. int64 `[B, P + step]`
  Tensor seen(int step) {
    return tokens.narrow(1, 0, prompt + step);
  }

  /// Stores the tokens of `step`. int64 `[B]`
  void append(int step, Tensor next) {
    tokens.select(1, prompt + step).copyInPlace(next);
  }

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
