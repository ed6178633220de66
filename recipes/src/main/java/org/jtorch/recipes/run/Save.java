package org.jtorch.recipes.run;

import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.train.Retention;

/// Checkpoints.
public record Save(
    @Doc("steps between checkpoints; 0: none by steps") @Default("0") long every,
    @Doc("minutes after which there is a checkpoint in any case; 0: none by time") @Default("15") double minutes,
    @Doc("how many of the newest stay; 0: all") @Default("2") int keep,
    @Doc("keep the checkpoint that validated best, too") @Default("false") boolean keepBest,
    @Doc("keep every checkpoint whose step is a multiple of this, too; 0: none") @Default("0") long milestones) {
  public Save {
    atLeast0("every", every);
    atLeast0("keep", keep);
    atLeast0("milestones", milestones);
    if (!(minutes >= 0)) {
      throw new IllegalArgumentException("`minutes` must be >= 0 (0: none by time) but was " + minutes + "; 15 is usual");
    }
    if (milestones > 0 && (every == 0 || milestones % every != 0)) {
      throw new IllegalArgumentException("`milestones` (" + milestones + ") must be a multiple of `every` (" + every
          + "), for only what is written can stay; e.g. every: " + milestones);
    }
  }

  private static void atLeast0(String key, long value) {
    if (value < 0) {
      throw new IllegalArgumentException("`" + key + "` must be >= 0 but was " + value);
    }
  }

  /// Which checkpoints stay.
  public Retention retention() {
    return new Retention(keep, keepBest, milestones);
  }
}
