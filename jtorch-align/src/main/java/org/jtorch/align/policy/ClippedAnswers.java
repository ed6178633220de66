package org.jtorch.align.policy;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// PPO's clipped objective with an answer as one action, as TRL's RLOO has it: `−min(ρ A, clip(ρ, 1 − low, 1 + high) A)` of
/// `ρ = π(y|x) / π_old(y|x)`, the mean over answers.
public record ClippedAnswers(double low, double high) implements PolicyLoss {
  public ClippedAnswers {
    ClippedTokens.requireRange(low, high);
  }

  @Override public Tensor loss(PolicyScores scores, Totals totals) {
    Tensor ratio = scores.answerLogRatio().exp();                                       // [n]
    Tensor a = scores.answerAdvantage();
    return Clip.smaller(ratio.mul(a), Clip.between(ratio, 1 - low, 1 + high).mul(a)).sum().div(totals.answers()).neg();
  }

  @Override public Tensor clipped(PolicyScores scores) {
    Tensor ratio = scores.answerLogRatio().exp();
    Tensor a = scores.answerAdvantage();
    Tensor held = Clip.between(ratio, 1 - low, 1 + high).mul(a).lt(ratio.mul(a));       // [n]
    return Ops.where(held.unsqueeze(1), scores.mask(), Ops.zerosLike(scores.mask()));
  }
}
