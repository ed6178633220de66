package org.jtorch.align.preference;

import org.jtorch.tensor.Tensor;

/// A loss on pairs of answers, from their log-probabilities: a record of one formula. [DpoTrainer] takes any.
///
/// ```java
/// record Mine(double beta) implements PreferenceLoss.Referenced {
///   @Override public Tensor losses(PairScores ratios) {
///     return Ops.logSigmoid(ratios.margin().mul(beta)).neg();
///   }
/// }
/// ```
public sealed interface PreferenceLoss {
  /// What scales the implicit rewards that a trainer reports, `β · score`.
  double beta();

  /// What the negative log-likelihood of the chosen answers is multiplied by in the paper, beside this loss; 0 for none.
  default double usualNll() {
    return 0;
  }

  /// The loss of each pair. `[n]`
  ///
  /// @param scores log-ratios for a [Referenced] loss, log-probabilities for a [ReferenceFree] one
  Tensor losses(PairScores scores);

  /// A loss that compares with a reference model.
  non-sealed interface Referenced extends PreferenceLoss {}

  /// A loss on the model alone: no reference runs.
  non-sealed interface ReferenceFree extends PreferenceLoss {}
}
