package org.jtorch.recipes.align;

import org.jtorch.align.policy.Bounds;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Where a policy has collapsed: the run stops, says so, and keeps its checkpoints.
public record BoundsConfig(
    @Doc("nats of a token; 0 for no bound") @Default("0") double minEntropy,
    @Doc("of a batch") @Default("-.inf") double minReward,
    @Doc("nats of an answer from the reference") @Default(".inf") double maxKl) {
  public BoundsConfig {
    var _ = new Bounds(minEntropy, minReward, maxKl);
  }

  Bounds bounds() {
    return new Bounds(minEntropy, minReward, maxKl);
  }
}
