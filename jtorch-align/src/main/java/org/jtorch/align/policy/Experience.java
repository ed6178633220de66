package org.jtorch.align.policy;

import java.util.List;
import org.jtorch.align.rollout.Answer;

/// An answer with what is known of it when the policy begins to learn from it. n tokens.
///
/// @param parts what each reward says of it, in their order
/// @param reward their weighted sum; NaN if it cannot be judged
/// @param old log-probabilities under the policy that answered, as the trainer computes them, `[n]`
/// @param reference log-probabilities under the reference, `[n]`; empty if there is none
/// @param values what the critic expects before each token, `[n]`; empty if there is none
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record Experience(Answer answer, double[] parts, double reward, float[] old, float[] reference, float[] values) {
  /// How many tokens there are.
  public int length() {
    return answer.length();
  }

  /// An estimate of KL(π‖reference) of the answer as a whole; 0 without a reference.
  public double kl(KlEstimator estimator) {
    return reference.length == 0 ? 0 : estimator.sum(old, reference);
  }

  /// The critic's values.
  double[] expected() {
    double[] all = new double[values.length];
    for (int t = 0; t < all.length; t++) {
      all[t] = values[t];
    }
    return all;
  }

  /// `log π_trainer(y|x) − log π_sampler(y|x)`: what the two ways of computing make of the same weights.
  public double gap() {
    double sum = 0;
    for (int t = 0; t < old.length; t++) {
      sum += (double) old[t] - answer.generation().drawnLogProbs()[t];
    }
    return sum;
  }

  /// The largest difference of a token's log-probability between sampler and trainer.
  public double largestGap() {
    double largest = 0;
    for (int t = 0; t < old.length; t++) {
      largest = Math.max(largest, Math.abs((double) old[t] - answer.generation().drawnLogProbs()[t]));
    }
    return largest;
  }

  /// Whether all answers to a prompt are worth the same, so that nothing can be learned from their differences.
  ///
  /// @param group the answers to one prompt
  static boolean agree(List<Experience> group) {
    double first = group.getFirst().reward;
    return group.stream().allMatch(e -> e.reward == first || Double.isNaN(e.reward));
  }
}
