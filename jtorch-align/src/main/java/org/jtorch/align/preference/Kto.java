package org.jtorch.align.preference;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;

/// Kahneman-Tversky optimization, arXiv:2402.01306: single answers, each good or bad. With `r = log π(y|x) − log π_ref(y|x)` and z the
/// divergence of the model from its reference: `λ_D (1 − σ(β (r − z)))` for a good answer, `λ_U (1 − σ(β (z − r)))` for a bad one.
///
/// @param desirable λ_D; `λ_D · good` should be about `λ_U · bad`, up to a third more
/// @param undesirable λ_U
public record Kto(double beta, double desirable, double undesirable) {
  public Kto {
    Require.positive("beta", beta, "0.1");
    Require.positive("desirable", desirable, "1");
    Require.positive("undesirable", undesirable, "1");
  }

  /// Good and bad answers count alike.
  public Kto(double beta) {
    this(beta, 1, 1);
  }

  /// The loss of each answer. `[n]`
  ///
  /// @param ratios r, `[n]`
  /// @param good bool `[n]`
  /// @param divergence z, a constant; below 0 it counts as 0
  public Tensor losses(Tensor ratios, Tensor good, double divergence) {
    DType type = ratios.dtype();
    Tensor side = good.to(type).mul(2.0).sub(1.0);                                      // 1 or -1
    Tensor weight = good.to(type).mul(desirable - undesirable).add(undesirable);
    Tensor value = ratios.sub(Math.max(0, divergence)).mul(side).mul(beta).sigmoid();
    return value.neg().add(1.0).mul(weight);
  }
}
