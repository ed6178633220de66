package org.jtorch.align.preference;

import org.jtorch.tensor.Tensor;

/// Anchored preference optimization, arXiv:2408.06266, eqs. 7 and 8, with `r = β · ratio`.
///
/// @param anchor which way the chosen answers shall go
public record Apo(double beta, Anchor anchor) implements PreferenceLoss.Referenced {
  /// What is known of the chosen answers.
  public enum Anchor {
    /// Better than the model's own: `1 − σ(r_c) + σ(r_r)` makes them likelier and the rejected ones less likely.
    ZERO,
    /// Worse than the model's own: `σ(r_c) + 1 − σ(r_c − r_r)` makes both less likely, the rejected ones more so.
    DOWN
  }

  public Apo {
    Require.positive("beta", beta, "0.1");
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor good = ratios.chosen().mul(beta).sigmoid();                                  // [n]
    return switch (anchor) {
      case ZERO -> ratios.rejected().mul(beta).sigmoid().sub(good).add(1.0);
      case DOWN -> good.sub(ratios.margin().mul(beta).sigmoid()).add(1.0);
    };
  }
}
