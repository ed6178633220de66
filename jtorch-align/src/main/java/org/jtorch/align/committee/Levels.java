package org.jtorch.align.committee;

import java.util.SplittableRandom;
import org.jtorch.align.chats.PreferenceLevel;

/// How clear a difference in reward is: AFM's four levels (arXiv:2407.21075, section 4.2.1). What is less than slightly is negligibly better.
///
/// @param significantly the least difference that is called so, in units of the reward; as the next two
/// @param noise the deviation of what the judge sees beside the difference; 0 for a judge who sees it as it is
public record Levels(double significantly, double better, double slightly, double noise) {
  public Levels {
    if (!(slightly > 0 && better > slightly && significantly > better && significantly < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("levels must fall and be above 0 but were significantly: " + significantly + ", better: " + better
          + ", slightly: " + slightly + "; e.g. significantly: 1.5, better: 1, slightly: 0.5");
    }
    if (!(noise >= 0 && noise < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`noise` must be >= 0 but was " + noise + "; 0 for none");
    }
  }

  /// The level of a difference, which is above 0.
  PreferenceLevel of(double gap) {
    return gap >= significantly ? PreferenceLevel.SIGNIFICANTLY_BETTER : gap >= better ? PreferenceLevel.BETTER
        : gap >= slightly ? PreferenceLevel.SLIGHTLY_BETTER : PreferenceLevel.NEGLIGIBLY_BETTER;
  }

  /// What the judge sees beside the difference at a prompt, the same whenever it is asked.
  double noise(long seed, long x) {
    return noise == 0 ? 0 : noise * new SplittableRandom(seed * 0x632BE59BD9B4E019L + x).nextGaussian();
  }
}
