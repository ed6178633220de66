package org.jtorch.align.policy;

import java.util.Arrays;

/// An experience with what is to be made of it. n tokens.
///
/// @param advantages of each token, `[n]`
/// @param returns what the critic should have said, `[n]`; empty without one
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record Lesson(Experience experience, float[] advantages, float[] returns) {
  /// One advantage for the answer as a whole.
  static Lesson of(Experience experience, double advantage) {
    float[] all = new float[experience.length()];
    Arrays.fill(all, (float) advantage);
    return new Lesson(experience, all, new float[0]);
  }

  /// Tokens that a critic judged.
  static Lesson of(Experience experience, double[] advantages, double[] returns) {
    return new Lesson(experience, floats(advantages), floats(returns));
  }

  /// The same where the policy that learns is not quite the one that sampled: the advantage is weighted by
  /// `min(π_trainer(y|x) / π_sampler(y|x), cap)`.
  Lesson corrected(double cap) {
    float weight = (float) Math.min(Math.exp(experience.gap()), cap);
    float[] weighted = advantages.clone();
    for (int t = 0; t < weighted.length; t++) {
      weighted[t] *= weight;
    }
    return new Lesson(experience, weighted, returns);
  }

  private static float[] floats(double[] values) {
    float[] all = new float[values.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) values[i];
    }
    return all;
  }
}
