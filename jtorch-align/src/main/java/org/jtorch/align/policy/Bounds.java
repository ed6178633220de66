package org.jtorch.align.policy;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.train.DivergedException;

/// Where a run has collapsed: outside of these a policy does not come back. The run stops, and its checkpoints stay.
///
/// @param minEntropy nats of a token; 0 for no bound
/// @param minReward the mean reward of a batch; negative infinity for no bound
/// @param maxKl nats of an answer from the reference; infinite for no bound
public record Bounds(double minEntropy, double minReward, double maxKl) {
  public static final Bounds NONE = new Bounds(0, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);

  public Bounds {
    if (!(minEntropy >= 0 && maxKl > 0) || Double.isNaN(minReward)) {
      throw new IllegalArgumentException("`min_entropy` (" + minEntropy + ") must be >= 0 and `max_kl` (" + maxKl + ") > 0; 0.01 and 50 for example");
    }
  }

  /// @param step that was made, counted from 1
  /// @throws DivergedException outside of the bounds, with what to do
  void check(long step, Map<String, Double> figures) {
    below(step, "entropy", figures.get(RolloutFigures.ENTROPY), minEntropy, "it says one thing only; raise `beta` or the temperature");
    below(step, "reward", figures.get(RolloutFigures.REWARD), minReward, "lower the learning rate, or look at the answers in the report");
    Double kl = figures.get(RolloutFigures.KL);
    if (kl != null && kl > maxKl) {
      throw new DivergedException("the policy has left its reference at step " + step + ": KL " + kl + " is above `max_kl` (" + maxKl
          + "); raise `beta`, lower the learning rate, or go on from the best checkpoint");
    }
  }

  private static void below(long step, String what, @Nullable Double value, double least, String advice) {
    if (value != null && value < least) {
      throw new DivergedException("the policy has collapsed at step " + step + ": " + what + " " + value + " is below `min_" + what + "` (" + least
          + "): " + advice + ", and go on from the best checkpoint");
    }
  }
}
