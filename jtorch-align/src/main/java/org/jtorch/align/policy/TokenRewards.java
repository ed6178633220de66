package org.jtorch.align.policy;

/// Rewards of tokens, where an answer is a way through states (arXiv:2009.01325, section 3.4): each token pays β times its share of the KL to
/// the reference, and the last one earns what the answer is worth.
public record TokenRewards(double beta, KlEstimator estimator) {
  /// @param old log-probabilities under the policy that answered
  /// @param reference those under the reference, or empty for none
  /// @param reward of the answer as a whole; NaN counts as 0
  public double[] of(float[] old, float[] reference, double reward) {
    double[] rewards = new double[old.length];
    for (int t = 0; t < rewards.length && reference.length > 0; t++) {
      rewards[t] = -beta * estimator.of((double) old[t] - reference[t]);
    }
    rewards[rewards.length - 1] += Double.isNaN(reward) ? 0 : reward;
    return rewards;
  }
}
