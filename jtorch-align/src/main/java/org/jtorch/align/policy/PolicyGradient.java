package org.jtorch.align.policy;

import org.jtorch.tensor.Tensor;

/// `−A log π(y|x)`, the mean over answers: REINFORCE, and with [LeaveOneOut] RLOO (arXiv:2402.14740, eq. 5).
public record PolicyGradient() implements PolicyLoss {
  @Override public Tensor loss(PolicyScores scores, Totals totals) {
    Tensor logps = scores.logps().mul(scores.mask()).sum(1, false);                     // [n]
    return scores.answerAdvantage().mul(logps).sum().div(totals.answers()).neg();
  }
}
