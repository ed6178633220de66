package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Exact optimization of a pair, arXiv:2402.00856, eq. 16: the reverse divergence from the label `(1 − ε, ε)`, which is
/// `q (log q − log(1 − ε)) + (1 − q)(log(1 − q) − log ε)` with `q = σ(β Δ)`.
///
/// @param labelSmoothing ε, above 0
public record Exo(double beta, double labelSmoothing) implements PreferenceLoss.Referenced {
  public Exo {
    Require.positive("beta", beta, "0.1");
    Require.positive("label_smoothing", labelSmoothing, "0.001");
    Require.smoothing(labelSmoothing);
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor z = ratios.margin().mul(beta);                                               // [n]
    Tensor right = z.sigmoid().mul(Ops.logSigmoid(z).sub(Math.log1p(-labelSmoothing)));
    return right.add(z.neg().sigmoid().mul(Ops.logSigmoid(z.neg()).sub(Math.log(labelSmoothing))));
  }
}
