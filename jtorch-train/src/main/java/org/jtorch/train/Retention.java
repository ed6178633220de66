package org.jtorch.train;

/// Which checkpoints stay when a new one is written. The new one always does.
///
/// @param newest how many of the newest stay; 0: all
/// @param best whether the one with the lowest validation loss stays, see [Checkpoint#evaluated]
/// @param milestones those of every so many steps stay; 0: none
public record Retention(int newest, boolean best, long milestones) {
  public Retention {
    if (newest < 0 || milestones < 0) {
      throw new IllegalArgumentException("`keep` and `milestones` must be >= 0 but were " + newest + " and " + milestones
          + "; keep: 2 and milestones: 0 are usual");
    }
  }

  /// The newest only; 0: all.
  public static Retention newest(int n) {
    return new Retention(n, false, 0);
  }

  boolean isMilestone(long step) {
    return milestones > 0 && step % milestones == 0;
  }
}
