package org.jtorch.align.policy;

import org.jspecify.annotations.Nullable;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.data.BatchSource;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.generate.Sampling;
import org.jtorch.tensor.ranks.Ranks;

/// What holds for every trainer that learns from what its policy says.
final class OnPolicy {
  private OnPolicy() {}

  /// Refuses rollouts whose probabilities a policy gradient cannot know, and rows that are too short for them.
  static void require(Rollouts rollouts, Collator collator) {
    var sampling = rollouts.sampling().sampling();
    if (!sampling.equals(Sampling.temperature(sampling.temperature()))) {
      throw new IllegalArgumentException("a policy gradient needs the whole distribution that answers are drawn from, so `top_k`, `top_p`, `min_p` and"
          + " `repetition_penalty` must be off; temperature " + sampling.temperature() + " alone is fine");
    }
    if (rollouts.sampling().stopTokens().isEmpty()) {
      throw new IllegalArgumentException("the rollouts know no stop token, so that no answer would ever end; give the tokenizer's end of a turn");
    }
    if (rollouts.sampling().maxNewTokens() >= collator.maxLength()) {
      throw new IllegalArgumentException("`new_tokens` (" + rollouts.sampling().maxNewTokens() + ") must be below `max_tokens` ("
          + collator.maxLength() + "), for the prompt takes room, too");
    }
  }

  static void require(CausalLm policy, BatchSource<?> prompts, Collator collator, Ranks ranks) {
    if (prompts.batch() < ranks.size()) {
      throw new IllegalArgumentException("`batch` is " + prompts.batch() + " prompts but there are " + ranks.size()
          + " processes, and each needs one; use a batch of at least " + ranks.size() + " or fewer processes");
    }
    if (!policy.fits(collator.maxLength())) {
      throw new IllegalArgumentException("rows have up to " + collator.maxLength() + " tokens but the model allows " + policy.maxPositions()
          + " (`max_position_embeddings`)");
    }
  }

  static void requireReference(@Nullable Reference reference, boolean measures) {
    if (measures && reference == null) {
      throw new IllegalArgumentException("`beta` is above 0 but there is no reference to measure from; give one, or set `beta` to 0");
    }
  }
}
