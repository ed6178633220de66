package org.jtorch.prune;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Masks in `[0, 1]` that are exactly 0 or 1 with a probability that is learned (arXiv:1712.01312; Sheared LLaMA,
/// arXiv:2310.06694, prunes with them).
///
/// A concrete variable `s = σ((ln u − ln(1 − u) + log α) / τ)` with u uniform is stretched to `(γ, ζ)` and cut to `[0, 1]`.
///
/// @param tau τ, the temperature
/// @param gamma γ below 0: how far the stretch reaches below
/// @param zeta ζ above 1: how far it reaches above
/// @param epsilon u is drawn from `(ε, 1 − ε)`
public record HardConcrete(double tau, double gamma, double zeta, double epsilon) {
  /// The papers' numbers: 2/3, −0.1, 1.1, 10⁻⁶.
  public static final HardConcrete DEFAULT = new HardConcrete(2.0 / 3, -0.1, 1.1, 1e-6);

  public HardConcrete {
    Require.that(tau > 0, "tau", tau, "above 0", "0.667");
    Require.that(gamma < 0, "gamma", gamma, "below 0", "-0.1");
    Require.that(zeta > 1, "zeta", zeta, "above 1", "1.1");
    Require.that(epsilon > 0 && epsilon < 0.5, "epsilon", epsilon, "between 0 and 0.5", "1e-6");
  }

  /// A drawn mask, differentiable in log α. `[...]` of any shape
  public Tensor sample(Tensor logAlpha, Rng rng) {
    Tensor u = rng.uniform(epsilon, 1 - epsilon, DType.F32, logAlpha.device(), logAlpha.shape());
    return stretched(u.log().sub(u.neg().add(1.0).log()).add(logAlpha).div(tau).sigmoid());
  }

  /// The mask without chance, for evaluation: `σ(log α)` stretched and cut.
  public Tensor deterministic(Tensor logAlpha) {
    return stretched(logAlpha.sigmoid());
  }

  /// The probability of each entry not to be 0: `σ(log α − τ ln(−γ / ζ))`. Its sum is the expected number of entries that stay.
  public Tensor open(Tensor logAlpha) {
    return logAlpha.sub(tau * Math.log(-gamma / zeta)).sigmoid();
  }

  private Tensor stretched(Tensor s) {
    Tensor above = Ops.clampMin(s.mul(zeta - gamma).add(gamma), 0.0);
    return Ops.clampMin(above.neg().add(1.0), 0.0).neg().add(1.0);                          // min(·, 1)
  }
}
