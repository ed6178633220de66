package org.jtorch.recipes.pretrain;

import org.jtorch.optim.Schedule;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// A learning-rate schedule as a recipe writes it; the run's steps complete it.
public sealed interface ScheduleConfig {
  Schedule over(long steps);

  /// Linear warm-up, then half a cosine down to `floor` of the peak.
  record Cosine(@Default("0") long warmup, @Doc("last rate as a share of the peak") @Default("0.1") double floor) implements ScheduleConfig {
    @Override public Schedule over(long steps) {
      return new Schedule.Cosine(warmup, steps, floor);
    }
  }

  /// Linear warm-up, then linear to 0.
  record Linear(@Default("0") long warmup) implements ScheduleConfig {
    @Override public Schedule over(long steps) {
      return new Schedule.Linear(warmup, steps, 0);
    }
  }

  /// Linear warm-up, then constant.
  record Constant(@Default("0") long warmup) implements ScheduleConfig {
    @Override public Schedule over(long steps) {
      return new Schedule.Constant(warmup);
    }
  }

  /// Warm-up, stable, decay: the last `decay` steps go down to `floor`.
  @Named("wsd")
  record WarmupStableDecay(@Default("0") long warmup, long decay,
      @Doc("linear, cosine or one_minus_sqrt") @Default("linear") Schedule.Shape shape, @Default("0") double floor) implements ScheduleConfig {
    @Override public Schedule over(long steps) {
      if (warmup + decay > steps) {
        throw new IllegalArgumentException("`train.schedule` warmup (" + warmup + ") and decay (" + decay + ") exceed the "
            + steps + " steps of the run");
      }
      return new Schedule.Wsd(warmup, steps - warmup - decay, decay, shape, floor);
    }
  }
}
