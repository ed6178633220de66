package org.jtorch.align.policy;

import org.jtorch.tensor.Tensor;

/// Mirror descent policy optimisation (arXiv:2005.09814, eq. 13) with an answer as one action: the gain over the policy that answered, and
/// the way from it, `−(ρ A − γ κ)`, the mean over answers; κ estimates KL(π‖π_old) from that policy's samples. With [LeaveOneOut] it is
/// AFM's MDLOO (arXiv:2407.21075, section 4.2.2), whose γ is not published.
///
/// Its gradient is `−ρ (A − γ log ρ) ∇log π` with K3: RLOO's where π = π_old, and less and less of it the further π has gone.
///
/// @param gamma γ = 1/t, the price of going away; per answer
/// @param annealed let t fall linearly to 0 over the run, as MDPO's authors do: γ grows as 1 / (1 − progress)
public record MirrorDescent(double gamma, Way kl, boolean annealed) implements PolicyLoss {
  /// How the way is estimated. Over the vocabulary at every token instead of from the samples: [Anchor#previous].
  public enum Way {
    /// `ρ log ρ`: unbiased, negative for some answers.
    K1,
    /// `ρ log ρ − ρ + 1`: unbiased, never negative, of lower variance.
    K3,
    /// None from samples: γ is 0 here and the trainer takes the whole distributions.
    NONE
  }

  public MirrorDescent {
    if (!(gamma >= 0 && gamma < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`gamma` must be >= 0 but was " + gamma + "; 1 is usual, 0.1 to 10 are worth a try");
    }
  }

  /// K3 with one γ for the whole run.
  public MirrorDescent(double gamma) {
    this(gamma, Way.K3, false);
  }

  @Override public Tensor loss(PolicyScores scores, Totals totals) {
    Tensor log = scores.answerLogRatio();                                               // [n]
    Tensor ratio = log.exp();
    Tensor gain = ratio.mul(scores.answerAdvantage());
    return (kl == Way.NONE ? gain : gain.sub(way(log, ratio).mul(gamma))).sum().div(totals.answers()).neg();
  }

  private Tensor way(Tensor log, Tensor ratio) {
    Tensor k1 = ratio.mul(log);
    return kl == Way.K1 ? k1 : k1.sub(ratio).add(1.0);
  }

  @Override public PolicyLoss at(double progress) {
    return annealed ? new MirrorDescent(gamma / Math.max(1 - progress, 1e-6), kl, false) : this;
  }
}
