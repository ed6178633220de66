package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Binary classifier optimization of a pair, arXiv:2404.04656, without its shift: `−log σ(r_c) − log σ(−r_r)` with `r = β · ratio`.
public record Bco(double beta) implements PreferenceLoss.Referenced {
  public Bco {
    Require.positive("beta", beta, "0.1");
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor good = Ops.logSigmoid(ratios.chosen().mul(beta));                            // [n]
    return good.add(Ops.logSigmoid(ratios.rejected().mul(-beta))).neg();
  }
}
