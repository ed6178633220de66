package org.jtorch.align.policy;

/// Generalized advantage estimation (arXiv:1506.02438, eq. 16): `δ_t = r_t + γ V_{t+1} − V_t`, `A_t = δ_t + γ λ A_{t+1}`, with V = 0 after
/// an answer's last token.
///
/// @param gamma γ, what a reward counts a token later; 1 in language models
/// @param lambda λ, from 0 (the critic alone) to 1 (what came after, minus the critic)
public record Gae(double gamma, double lambda) {
  public Gae {
    if (!(gamma > 0 && gamma <= 1)) {
      throw new IllegalArgumentException("`gamma` must be in (0, 1] but was " + gamma + "; 1 is usual");
    }
    if (!(lambda >= 0 && lambda <= 1)) {
      throw new IllegalArgumentException("`lambda` must be in [0, 1] but was " + lambda + "; 0.95 is usual");
    }
  }

  /// Of one answer.
  ///
  /// @param rewards r of each token
  /// @param values the critic's V before each token
  public double[] advantages(double[] rewards, double[] values) {
    double[] advantages = new double[rewards.length];
    double after = 0;
    double next = 0;
    for (int t = rewards.length - 1; t >= 0; t--) {
      after = rewards[t] + gamma * next - values[t] + gamma * lambda * after;
      advantages[t] = after;
      next = values[t];
    }
    return advantages;
  }

  /// What the critic should have said: `A + V`.
  public static double[] returns(double[] advantages, double[] values) {
    double[] returns = new double[advantages.length];
    for (int t = 0; t < returns.length; t++) {
      returns[t] = advantages[t] + values[t];
    }
    return returns;
  }
}
