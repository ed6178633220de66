package org.jtorch.align.policy;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// What a policy minimises, from the log-probabilities of its answers: a record of one formula. [PolicyTrainer] takes any.
///
/// ```java
/// record Mine() implements PolicyLoss {
///   @Override public Tensor loss(PolicyScores s, Totals totals) {
///     return s.answerAdvantage().mul(s.logps().sum(1, false)).sum().div(totals.answers()).neg();
///   }
/// }
/// ```
public interface PolicyLoss {
  /// The share of these answers in the loss of the mini-batch; a scalar.
  Tensor loss(PolicyScores scores, Totals totals);

  /// The same loss as it is when a share of the run has passed; itself unless it changes.
  ///
  /// @param progress from 0 to below 1
  default PolicyLoss at(double progress) {
    return this;
  }

  /// 1 where a clip keeps a token's gradient back, else 0, `[n, T]`; null for a loss that does not clip.
  default @Nullable Tensor clipped(PolicyScores scores) {
    return null;
  }

  /// True if it reads the reference's log-probabilities.
  default boolean measures() {
    return false;
  }
}
