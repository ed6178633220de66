package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Direct preference optimization, arXiv:2305.18290, eq. 7: `−log σ(β Δ)`. With label smoothing ε, the chance that a label is wrong:
/// `−(1 − ε) log σ(β Δ) − ε log σ(−β Δ)`.
public record Dpo(double beta, double labelSmoothing) implements PreferenceLoss.Referenced {
  public Dpo {
    Require.positive("beta", beta, "0.1");
    Require.smoothing(labelSmoothing);
  }

  /// Without smoothing.
  public Dpo(double beta) {
    this(beta, 0);
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor z = ratios.margin().mul(beta);                                               // [n]
    Tensor loss = Ops.logSigmoid(z).neg();
    return labelSmoothing == 0 ? loss : loss.mul(1 - labelSmoothing).sub(Ops.logSigmoid(z.neg()).mul(labelSmoothing));
  }
}
