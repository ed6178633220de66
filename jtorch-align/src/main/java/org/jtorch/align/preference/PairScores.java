package org.jtorch.align.preference;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// What a loss on pairs is a function of: one number for each answer, summed over its tokens. For a loss with a reference they are the
/// log-ratios `log π(y|x) − log π_ref(y|x)`, for one without the log-probabilities `log π(y|x)`.
///
/// @param chosen `[n]`
/// @param rejected `[n]`
/// @param chosenTokens how many tokens were summed, of the same type, at least 1, `[n]`
/// @param rejectedTokens likewise, `[n]`
public record PairScores(Tensor chosen, Tensor rejected, Tensor chosenTokens, Tensor rejectedTokens) {
  /// @param scores of all chosen rows, then of all rejected ones, `[2n]`
  /// @param tokens of the same rows, `[2n]`
  public static PairScores of(Tensor scores, Tensor tokens) {
    long n = scores.size(0) / 2;
    Tensor counts = Ops.clampMin(tokens.to(scores.dtype()), 1.0);
    return new PairScores(scores.narrow(0, 0, n), scores.narrow(0, n, n), counts.narrow(0, 0, n), counts.narrow(0, n, n));
  }

  /// By how much the chosen answers lead: Δ. `[n]`
  public Tensor margin() {
    return chosen.sub(rejected);
  }

  /// The chosen answers' numbers per token. `[n]`
  public Tensor chosenMean() {
    return chosen.div(chosenTokens);
  }

  /// The rejected answers' numbers per token. `[n]`
  public Tensor rejectedMean() {
    return rejected.div(rejectedTokens);
  }

  /// By how much the chosen answers lead per token. `[n]`
  public Tensor meanMargin() {
    return chosenMean().sub(rejectedMean());
  }
}
