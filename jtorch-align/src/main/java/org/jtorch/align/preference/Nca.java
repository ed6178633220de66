package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Noise contrastive alignment of a pair, arXiv:2402.05369: `−log σ(r_c) − ½ log σ(−r_c) − ½ log σ(−r_r)` with `r = β · ratio`.
/// It keeps the chosen answers likely.
public record Nca(double beta) implements PreferenceLoss.Referenced {
  public Nca {
    Require.positive("beta", beta, "0.1");
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor good = ratios.chosen().mul(beta);                                            // [n]
    Tensor bad = ratios.rejected().mul(beta);
    Tensor both = Ops.logSigmoid(good.neg()).add(Ops.logSigmoid(bad.neg())).mul(0.5);
    return Ops.logSigmoid(good).add(both).neg();
  }
}
