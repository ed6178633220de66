package org.jtorch.align.policy;

import org.jtorch.tensor.Tensor;

/// Mirror descent policy optimisation with a token as an action, for advantages of a critic (MDPO, arXiv:2005.09814, eq. 13):
/// `−(ρ A − γ (ρ log ρ − ρ + 1))`, the mean over tokens.
///
/// @param gamma γ = 1/t, the price of going away from the policy that answered
/// @param annealed let t fall linearly to 0 over the run, as the authors do
public record MirrorDescentTokens(double gamma, boolean annealed) implements PolicyLoss {
  public MirrorDescentTokens {
    if (!(gamma >= 0 && gamma < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`gamma` must be >= 0 but was " + gamma + "; 1 is usual, 0.1 to 10 are worth a try");
    }
  }

  @Override public Tensor loss(PolicyScores scores, Totals totals) {
    Tensor log = scores.logRatio();                                                     // [n, T]
    Tensor ratio = log.exp();
    Tensor way = ratio.mul(log).sub(ratio).add(1.0);
    return new Averaging.PerToken().mean(ratio.mul(scores.advantages()).sub(way.mul(gamma)).neg(), scores, totals);
  }

  @Override public PolicyLoss at(double progress) {
    return annealed ? new MirrorDescentTokens(gamma / Math.max(1 - progress, 1e-6), false) : this;
  }
}
