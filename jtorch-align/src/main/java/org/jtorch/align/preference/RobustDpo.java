package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// DPO that is unbiased if a share ε of the labels is wrong, arXiv:2403.00409:
/// `(−(1 − ε) log σ(β Δ) + ε log σ(−β Δ)) / (1 − 2ε)`.
public record RobustDpo(double beta, double labelSmoothing) implements PreferenceLoss.Referenced {
  public RobustDpo {
    Require.positive("beta", beta, "0.1");
    Require.smoothing(labelSmoothing);
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor z = ratios.margin().mul(beta);                                               // [n]
    Tensor right = Ops.logSigmoid(z).mul(labelSmoothing - 1);
    return right.add(Ops.logSigmoid(z.neg()).mul(labelSmoothing)).div(1 - 2 * labelSmoothing);
  }
}
