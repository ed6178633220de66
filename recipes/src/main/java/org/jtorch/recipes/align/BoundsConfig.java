package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
import org.jtorch.align.policy.Bounds;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where a policy has collapsed: the run stops, says so, and keeps its checkpoints.
public record BoundsConfig(
    @Doc("nats of a token; 0 for no bound") @Default("0") double minEntropy,
    @Doc("of a batch; unless given there is no bound") @Nullable Double minReward,
    @Doc("nats of an answer from the reference; unless given there is no bound") @Nullable Double maxKl) {
  public BoundsConfig {
    var _ = bounds(minEntropy, minReward, maxKl);
  }

  Bounds bounds() {
    return bounds(minEntropy, minReward, maxKl);
  }

  private static Bounds bounds(double minEntropy, @Nullable Double minReward, @Nullable Double maxKl) {
    return new Bounds(minEntropy, minReward == null ? Double.NEGATIVE_INFINITY : minReward, maxKl == null ? Double.POSITIVE_INFINITY : maxKl);
  }
}
