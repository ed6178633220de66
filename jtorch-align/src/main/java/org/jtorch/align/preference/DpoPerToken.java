package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// DPO with log-ratios per token, as in Tülu 3, arXiv:2411.15124: `−log σ(β (r_c/|y_c| − r_r/|y_r|))`. Long answers do not count more.
///
/// @param beta larger than DPO's by about the length of an answer
public record DpoPerToken(double beta) implements PreferenceLoss.Referenced {
  public DpoPerToken {
    Require.positive("beta", beta, "5");
  }

  @Override public Tensor losses(PairScores ratios) {
    return Ops.logSigmoid(ratios.meanMargin().mul(beta)).neg();                         // [n]
  }
}
