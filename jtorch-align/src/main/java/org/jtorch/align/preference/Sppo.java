package org.jtorch.align.preference;

import org.jtorch.tensor.Tensor;

/// Self-play preference optimization where the chosen answer wins for certain, arXiv:2405.00675, eq. 4.7:
/// `(ratio_c − ½/β)² + (ratio_r + ½/β)²`.
public record Sppo(double beta) implements PreferenceLoss.Referenced {
  public Sppo {
    Require.positive("beta", beta, "0.1");
  }

  @Override public Tensor losses(PairScores ratios) {
    return ratios.chosen().sub(0.5 / beta).square().add(ratios.rejected().add(0.5 / beta).square());
  }
}
