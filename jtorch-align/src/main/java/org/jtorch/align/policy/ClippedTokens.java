package org.jtorch.align.policy;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// PPO's clipped objective (arXiv:1707.06347, eq. 7) on tokens, `−min(ρ A, clip(ρ, 1 − low, 1 + high) A)`, and GRPO's, which adds
/// `beta · k3` of the reference (arXiv:2402.03300, eq. 3).
///
/// @param high wider than `low` in DAPO (arXiv:2503.14476, section 3.1)
/// @param beta what the KL to the reference is multiplied by; 0 for none
public record ClippedTokens(double low, double high, Averaging averaging, double beta) implements PolicyLoss {
  public ClippedTokens {
    requireRange(low, high);
    if (!(beta >= 0 && beta < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`beta` must be >= 0 but was " + beta + "; 0.04 is usual, 0 for no reference");
    }
  }

  /// PPO's: clipped alike on both sides, the mean over tokens, without a reference in the loss.
  public static ClippedTokens ppo(double range) {
    return new ClippedTokens(range, range, new Averaging.PerToken(), 0);
  }

  static void requireRange(double low, double high) {
    if (!(low > 0 && low < 1 && high > 0)) {
      throw new IllegalArgumentException("a ratio is clipped to [1 − low, 1 + high]: `low` must be in (0, 1) and `high` above 0, but they were "
          + low + " and " + high + "; 0.2 is usual for both");
    }
  }

  @Override public Tensor loss(PolicyScores scores, Totals totals) {
    Tensor ratio = scores.logRatio().exp();                                             // [n, T]
    Tensor a = scores.advantages();
    Tensor losses = Clip.smaller(ratio.mul(a), bounded(ratio).mul(a)).neg();
    if (beta > 0) {
      losses = losses.add(KlEstimator.K3.of(scores.logps().sub(scores.requiredReference())).mul(beta));
    }
    return averaging.mean(losses, scores, totals);
  }

  private Tensor bounded(Tensor ratio) {
    return Clip.between(ratio, 1 - low, 1 + high);
  }

  @Override public Tensor clipped(PolicyScores scores) {
    Tensor ratio = scores.logRatio().exp();
    Tensor a = scores.advantages();
    return Ops.where(bounded(ratio).mul(a).lt(ratio.mul(a)), scores.mask(), Ops.zerosLike(scores.mask()));
  }

  @Override public boolean measures() {
    return beta > 0;
  }
}
