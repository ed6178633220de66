package org.jtorch.align.policy;

import org.jtorch.tensor.Tensor;

/// How the losses of tokens become one number.
public sealed interface Averaging {
  /// The share of these answers in the mini-batch's mean; a scalar.
  ///
  /// @param losses of each token, `[n, T]`
  Tensor mean(Tensor losses, PolicyScores scores, Totals totals);

  /// The mean over answers of the mean over an answer's tokens: GRPO (arXiv:2402.03300, eq. 3). A token of a long answer counts less.
  record PerAnswer() implements Averaging {
    @Override public Tensor mean(Tensor losses, PolicyScores scores, Totals totals) {
      return losses.mul(scores.mask()).sum(1, false).div(scores.lengths()).sum().div(totals.answers());
    }
  }

  /// The mean over all tokens: DAPO (arXiv:2503.14476, section 3.3), PPO.
  record PerToken() implements Averaging {
    @Override public Tensor mean(Tensor losses, PolicyScores scores, Totals totals) {
      return losses.mul(scores.mask()).sum().div(totals.tokens());
    }
  }

  /// The sum over all tokens by answers times their greatest length, a constant: Dr. GRPO (arXiv:2503.20783, section 3.2).
  record PerLongest(int newTokens) implements Averaging {
    public PerLongest {
      if (newTokens < 1) {
        throw new IllegalArgumentException("`new_tokens` must be >= 1 but was " + newTokens);
      }
    }

    @Override public Tensor mean(Tensor losses, PolicyScores scores, Totals totals) {
      return losses.mul(scores.mask()).sum().div(totals.answers() * newTokens);
    }
  }
}
