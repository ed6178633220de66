package org.jtorch.recipes.eval;

import org.jspecify.annotations.Nullable;
import org.jtorch.eval.task.Shots;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;

/// Solved examples before a question, of a file that is not asked about.
record ShotsConfig(@Doc("rows like those of data.path; a * in it stands for the same as there") String path,
    @Doc("first: the first rows; random: drawn by seed, the same before all questions") @Default("first") Order order,
    @Default("5") int count, @Default("1234") long seed, @Doc("behind each example") @Default("\"\\n\\n\"") String separator) {
  enum Order { FIRST, RANDOM }

  ShotsConfig {
    var _ = new Shots(count, false, seed, separator);
  }

  static Shots shots(@Nullable ShotsConfig config) {
    return config == null ? Shots.NONE : new Shots(config.count, config.order == Order.RANDOM, config.seed, config.separator);
  }
}
