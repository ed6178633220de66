package org.jtorch.align.rollout;

import java.util.List;

/// What an answer is worth: a reward model, a checker, or a few lines of Java.
///
/// ```java
/// Reward brief = answers -> answers.stream().mapToDouble(a -> -0.001 * a.length()).toArray();
/// ```
///
/// A reward is a function of the answers alone, so that a run that goes on from a checkpoint comes to the same bits.
@FunctionalInterface
public interface Reward {
  /// The worth of each answer, in their order. NaN where an answer cannot be judged: it is counted and nothing is learned from it.
  double[] of(List<Answer> answers);
}
