package org.jtorch.optim;

/// The learning rate of a step as a fraction of the peak. Steps count from 0.
///
/// ```java
/// var schedule = new Schedule.Cosine(100, 10_000, 0.1);
/// optimizer.step(peak * schedule.at(step));
/// ```
///
/// Every schedule first warms up linearly over `warmup` steps. `floor` is a fraction of the peak too.
public sealed interface Schedule {
  /// The fraction for optimizer step `step`, 0 for the first.
  double at(long step);

  /// Half a cosine from 1 down to `floor`, reached at `steps` and kept.
  record Cosine(long warmup, long steps, double floor) implements Schedule {
    public Cosine {
      checkSteps(warmup, steps);
      checkFloor(floor);
    }

    @Override public double at(long step) {
      return step < warmup ? warm(step, warmup) : Shape.COSINE.from(progress(step, warmup, steps), floor);
    }
  }

  /// A straight line from 1 down to `floor`, reached at `steps` and kept.
  record Linear(long warmup, long steps, double floor) implements Schedule {
    public Linear {
      checkSteps(warmup, steps);
      checkFloor(floor);
    }

    @Override public double at(long step) {
      return step < warmup ? warm(step, warmup) : Shape.LINEAR.from(progress(step, warmup, steps), floor);
    }
  }

  /// Always 1 after the warm-up.
  record Constant(long warmup) implements Schedule {
    public Constant {
      checkLength("warmup", warmup);
    }

    @Override public double at(long step) {
      return step < warmup ? warm(step, warmup) : 1;
    }
  }

  /// Warm-up from `floor` to 1, `stable` steps at 1, `decay` steps down to `floor` in this shape, then `floor`.
  record Wsd(long warmup, long stable, long decay, Shape shape, double floor) implements Schedule {
    public Wsd {
      checkLength("warmup", warmup);
      checkLength("stable", stable);
      checkLength("decay", decay);
      checkFloor(floor);
    }

    @Override public double at(long step) {
      if (step < warmup) {
        return floor + (1 - floor) * warm(step, warmup);
      }
      long down = Math.addExact(warmup, stable);
      return step < down ? 1 : shape.from(progress(step, down, down + decay), floor);
    }
  }

  /// How a learning rate falls.
  enum Shape {
    LINEAR, COSINE, ONE_MINUS_SQRT;

    /// From 1 at progress 0 to `floor` at progress 1.
    double from(double progress, double floor) {
      double fallen = switch (this) {
        case LINEAR -> 1 - progress;
        case COSINE -> 0.5 * (1 + Math.cos(Math.PI * progress));
        case ONE_MINUS_SQRT -> 1 - Math.sqrt(progress);
      };
      return floor + (1 - floor) * fallen;
    }
  }

  private static double warm(long step, long warmup) {
    Require.that(step >= 0, "step", step, "0 or above", "0 for the first step");
    return (double) step / warmup;
  }

  private static double progress(long step, long from, long to) {
    Require.that(step >= 0, "step", step, "0 or above", "0 for the first step");
    return step >= to ? 1 : (double) (step - from) / (to - from);
  }

  private static void checkSteps(long warmup, long steps) {
    checkLength("warmup", warmup);
    Require.that(steps >= 1 && steps >= warmup, "steps", steps, "at least 1 and at least warmup (" + warmup + ")",
        "steps: " + Math.max(1, Math.multiplyExact(warmup, 10)));
  }

  private static void checkLength(String name, long value) {
    Require.that(value >= 0, name, value, "0 or above", "100");
  }

  private static void checkFloor(double floor) {
    Require.that(floor >= 0 && floor <= 1, "floor", floor, "in [0, 1], a fraction of the peak", "0.1");
  }
}
