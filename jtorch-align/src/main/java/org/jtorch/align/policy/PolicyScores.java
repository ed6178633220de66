package org.jtorch.align.policy;

import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// What a policy loss is a function of: log-probabilities of n answers' tokens, 0 where there is no token of an answer. All `[n, T]`, T the longest answer.
///
/// @param logps under the policy as it is now, with gradients
/// @param old under the policy that answered
/// @param reference under the reference; null if there is none
/// @param advantages of each token: of an answer as a whole, the same for all its tokens
/// @param mask 1 for an answer's token, else 0
public record PolicyScores(Tensor logps, Tensor old, @Nullable Tensor reference, Tensor advantages, Tensor mask) {
  /// Differences of log-probabilities stay this small before the exponential is taken.
  private static final double LARGEST = 20;

  /// `log π − log π_old` of each token. `[n, T]`
  public Tensor logRatio() {
    return Clip.between(logps.sub(old).mul(mask), -LARGEST, LARGEST);
  }

  /// `log π(y|x) − log π_old(y|x)` of each answer. `[n]`
  public Tensor answerLogRatio() {
    return Clip.between(logps.sub(old).mul(mask).sum(1, false), -LARGEST, LARGEST);
  }

  /// Each answer's advantage, which all its tokens have. `[n]`
  public Tensor answerAdvantage() {
    return advantages.mul(mask).sum(1, false).div(lengths());
  }

  /// Tokens of each answer, at least 1. `[n]`
  public Tensor lengths() {
    return Clip.atLeast(mask.sum(1, false), 1);
  }

  /// @throws IllegalArgumentException if there is no reference
  public Tensor requiredReference() {
    if (reference == null) {
      throw new IllegalArgumentException("this loss measures from a reference, and there is none; give one, or set `beta` to 0");
    }
    return Objects.requireNonNull(reference);
  }

  /// Adds this micro-batch's shares of [RolloutFigures#FARNESS] and [RolloutFigures#CLIPPED].
  void report(PolicyLoss loss, Totals totals, SequencedMap<String, Double> figures) {
    var now = new PolicyScores(logps.detach(), old, reference, advantages, mask);
    figures.merge(RolloutFigures.FARNESS, now.answerLogRatio().abs().sum().item() / totals.answers(), Double::sum);
    Tensor clipped = loss.clipped(now);
    if (clipped != null) {
      figures.merge(RolloutFigures.CLIPPED, clipped.sum().item() / totals.tokens(), Double::sum);
    }
  }
}
