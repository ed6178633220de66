package org.jtorch.align.preference;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// ORPO, arXiv:2403.07691, eqs. 6 and 7: `−λ log σ(log (odds(y_c) / odds(y_r)))` with `odds = p / (1 − p)` and p the geometric mean of the
/// tokens' probabilities, beside the negative log-likelihood of the chosen answers ([#usualNll]): no reference.
public record Orpo(double lambda) implements PreferenceLoss.ReferenceFree {
  public Orpo {
    Require.positive("lambda", lambda, "0.1");
  }

  @Override public double beta() {
    return lambda;
  }

  @Override public double usualNll() {
    return 1;
  }

  @Override public Tensor losses(PairScores logps) {
    Tensor ratio = logOdds(logps.chosenMean()).sub(logOdds(logps.rejectedMean()));      // [n]
    return Ops.logSigmoid(ratio).mul(-lambda).to(logps.chosen().dtype());
  }

  /// `log p − log(1 − p)` in float64, where 1 − p is not lost; p = 1 counts as a billionth less.
  private static Tensor logOdds(Tensor logp) {
    Tensor x = logp.to(DType.F64);
    return x.sub(Ops.clampMin(x.exp().neg().add(1.0), 1e-9).log());
  }
}
