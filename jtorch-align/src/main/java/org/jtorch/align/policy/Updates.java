package org.jtorch.align.policy;

/// How much a policy learns from one batch of answers.
///
/// @param epochs passes over the answers
/// @param miniBatches updates of a pass
/// @param farthest mean `|log ρ|` of an answer above which a step makes no further update; infinite for no bound
/// @param samplerCap weights each advantage by `min(π_trainer / π_sampler, cap)`; 0 does not, as float32 needs none
/// @param leaveOutAgreeing learn nothing from prompts whose answers are all worth the same, and do not divide by them
public record Updates(int epochs, int miniBatches, double farthest, double samplerCap, boolean leaveOutAgreeing) {
  /// One update from each batch.
  public static final Updates ONE = new Updates(1, 1, Double.POSITIVE_INFINITY, 0, false);

  public Updates {
    if (epochs < 1 || miniBatches < 1) {
      throw new IllegalArgumentException("`epochs` (" + epochs + ") and `mini_batches` (" + miniBatches + ") must be >= 1; 1 and 1 for one update"
          + " a step");
    }
    if (!(farthest > 0) || !(samplerCap >= 0)) {
      throw new IllegalArgumentException("`farthest` (" + farthest + ") must be > 0, 1 for example, and `sampler_cap` (" + samplerCap
          + ") >= 0, 0 for no correction; 2 is usual in bf16");
    }
  }

  /// So many passes of so many updates.
  public static Updates of(int epochs, int miniBatches) {
    return new Updates(epochs, miniBatches, Double.POSITIVE_INFINITY, 0, false);
  }

  public Updates withFarthest(double most) {
    return new Updates(epochs, miniBatches, most, samplerCap, leaveOutAgreeing);
  }

  public Updates withSamplerCap(double cap) {
    return new Updates(epochs, miniBatches, farthest, cap, leaveOutAgreeing);
  }

  public Updates withoutAgreeing() {
    return new Updates(epochs, miniBatches, farthest, samplerCap, true);
  }

  /// Whether a step makes one update, from the policy that answered.
  public boolean once() {
    return epochs * miniBatches == 1;
  }
}
