package org.jtorch.align.preference;

import org.jtorch.tensor.Tensor;

/// Identity preference optimization, arXiv:2310.12036, eq. 17: `(Δ − 1/(2τ))²`. The margin goes to 1/(2τ) and stays there, where DPO's
/// grows without end on pairs that all agree.
///
/// @param tau τ, in the place of β
/// @param lengthNormalize divide each log-ratio by its answer's tokens, as TRL does after its authors' word; the paper's formula has sums
public record Ipo(double tau, boolean lengthNormalize) implements PreferenceLoss.Referenced {
  public Ipo {
    Require.positive("tau", tau, "0.1");
  }

  /// Per token.
  public Ipo(double tau) {
    this(tau, true);
  }

  @Override public double beta() {
    return tau;
  }

  @Override public Tensor losses(PairScores ratios) {
    Tensor margin = lengthNormalize ? ratios.meanMargin() : ratios.margin();            // [n]
    return margin.sub(1 / (2 * tau)).square();
  }
}
