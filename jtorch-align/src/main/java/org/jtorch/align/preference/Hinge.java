package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Sequence likelihood calibration on DPO's rewards, arXiv:2305.10425 and arXiv:2309.06657: `max(0, 1 − β Δ)`.
public record Hinge(double beta) implements PreferenceLoss.Referenced {
  public Hinge {
    Require.positive("beta", beta, "0.1");
  }

  @Override public Tensor losses(PairScores ratios) {
    return Ops.relu(ratios.margin().mul(-beta).add(1.0));                               // [n]
  }
}
