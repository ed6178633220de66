package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
import org.jtorch.align.policy.Updates;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// How much a policy learns from one batch of answers.
public record UpdatesConfig(
    @Doc("passes over the answers") @Default("1") int epochs,
    @Doc("updates of a pass") @Default("1") int miniBatches,
    @Doc("mean |log ratio| of an answer above which a step makes no further update; unless given there is no bound") @Nullable Double farthest,
    @Doc("weights answers by min(trainer / sampler, cap), which bf16 may need; 0 for not") @Default("0") double samplerCap,
    @Doc("leave prompts out whose answers are all worth the same") @Default("false") boolean leaveOutAgreeing) {
  public UpdatesConfig {
    var _ = updates(epochs, miniBatches, farthest, samplerCap, leaveOutAgreeing);
  }

  Updates updates() {
    return updates(epochs, miniBatches, farthest, samplerCap, leaveOutAgreeing);
  }

  private static Updates updates(int epochs, int miniBatches, @Nullable Double farthest, double samplerCap, boolean leaveOutAgreeing) {
    return new Updates(epochs, miniBatches, farthest == null ? Double.POSITIVE_INFINITY : farthest, samplerCap, leaveOutAgreeing);
  }
}
