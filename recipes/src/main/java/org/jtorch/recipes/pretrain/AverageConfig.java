package org.jtorch.recipes.pretrain;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.train.WeightAverage;

/// Which average of its weights a run leaves in place of the last ones; none unless a recipe names one.
@DefaultType("none")
public sealed interface AverageConfig {
  /// The average of a run of so many steps, or null.
  WeightAverage.@Nullable Rule over(long steps);

  /// The last weights.
  record None() implements AverageConfig {
    @Override public WeightAverage.@Nullable Rule over(long steps) {
      return null;
    }
  }

  /// An exponential moving average.
  record Ema(@Doc("how much of the average stays after a step") @Default("0.999") double decay) implements AverageConfig {
    public Ema {
      if (!(decay > 0 && decay < 1)) {
        throw new IllegalArgumentException("`decay` must lie between 0 and 1 but was " + decay + "; 0.999 is usual");
      }
    }

    @Override public WeightAverage.Rule over(long steps) {
      return new WeightAverage.Rule.Moving(decay);
    }
  }

  /// The plain mean of weights on the way, as Llama 3.1 averages the checkpoints of annealing.
  record Polyak(
      @Doc("steps between the weights that count") long every,
      @Doc("the part of the run, at its end, in which weights count") @Default("1") double share) implements AverageConfig {
    public Polyak {
      if (every < 1) {
        throw new IllegalArgumentException("`every` must be >= 1 but was " + every + "; a tenth of the steps is usual");
      }
      if (!(share > 0 && share <= 1)) {
        throw new IllegalArgumentException("`share` must be above 0 and at most 1 but was " + share + "; 1 takes the whole run");
      }
    }

    /// The last weights count, and those every so many steps before them.
    @Override public WeightAverage.Rule over(long steps) {
      long span = Math.max(0, (long) Math.floor(share * (steps - 1)));
      return new WeightAverage.Rule.Mean(steps - span / every * every, every);
    }
  }
}
