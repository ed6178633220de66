package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// SimPO, arXiv:2405.14734, eq. 6: `−log σ(β (log π(y_c)/|y_c| − log π(y_r)/|y_r|) − γ)`: no reference, and a margin that the better
/// answer should lead by.
public record SimPo(double beta, double gamma) implements PreferenceLoss.ReferenceFree {
  public SimPo {
    Require.positive("beta", beta, "2");
    Require.notNegative("gamma", gamma, "1");
  }

  @Override public Tensor losses(PairScores logps) {
    return Ops.logSigmoid(logps.meanMargin().mul(beta).sub(gamma)).neg();               // [n]
  }
}
