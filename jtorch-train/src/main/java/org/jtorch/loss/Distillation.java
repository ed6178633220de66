package org.jtorch.loss;

import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The divergence of a token's distribution S from a teacher's T, both at a temperature: the generalized Jensen–Shannon divergence
/// of on-policy distillation (arXiv:2306.13649, section 3), whose ends are the two Kullback–Leibler divergences.
///
/// β = 0: `KL(T ‖ S)`; β = 1: `KL(S ‖ T)`; between: `β KL(T ‖ M) + (1 − β) KL(S ‖ M)` with `M = β T + (1 − β) S`.
///
/// @param beta β, in `[0, 1]`
/// @param temperature what both logits are divided by
/// @param factor what the divergence is multiplied by: temperature² keeps the gradients' size (arXiv:1503.02531, section 2), 1 leaves it
public record Distillation(Teacher teacher, double beta, double temperature, double factor) implements TokenLoss.ByAutograd {
  public Distillation {
    if (!(beta >= 0 && beta <= 1)) {
      throw new IllegalArgumentException("`beta` must be in [0, 1] but was " + beta + "; 0 is the forward divergence, 1 the reverse");
    }
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature + "; 1 is usual");
    }
    if (!(factor > 0)) {
      throw new IllegalArgumentException("`factor` must be > 0 but was " + factor + "; 1 or the square of the temperature");
    }
  }

  @Override public Tensor loss(Tensor logits, Chunk chunk) {
    Tensor s = logits.div(temperature).logSoftmax(1);
    Tensor t;
    try (var _ = Grad.off()) {
      t = teacher.logits(chunk.rows()).to(s.dtype()).div(temperature).logSoftmax(1);
    }
    return divergence(t, s).mul(factor);
  }

  private Tensor divergence(Tensor t, Tensor s) {
    if (beta == 0) {
      return kl(t, s);
    }
    if (beta == 1) {
      return kl(s, t);
    }
    Tensor a = t.add(Math.log(beta));
    Tensor b = s.add(Math.log(1 - beta));
    Tensor high = a.add(Ops.clampMin(b.sub(a), 0.0)).detach();
    Tensor m = a.sub(high).exp().add(b.sub(high).exp()).log().add(high);
    return kl(t, m).mul(beta).add(kl(s, m).mul(1 - beta));
  }

  /// `KL(P ‖ Q)` of each row, from log-probabilities.
  private static Tensor kl(Tensor p, Tensor q) {
    return p.exp().mul(p.sub(q)).sum(1, false);
  }
}
