package org.jtorch.observe;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// How fast a run goes: a smoothed rate of tokens from the steps themselves, and the time left from the clock.
///
/// The rate counts training only. The time left counts everything since the first step (evaluations and checkpoints
/// too), because the rest of the run will have those as well; the first step itself is left out as warm-up.
final class Pace {
  private static final double KEEP = 0.9;

  private final LongSupplier nanos;
  private @Nullable RunStart start;
  private double tokens;
  private double seconds;
  private long firstStep = -1;
  private long firstNanos;
  private double secondsLeft = Double.NaN;

  Pace(LongSupplier nanos) {
    this.nanos = nanos;
  }

  void started(RunStart start) {
    this.start = start;
    tokens = 0;
    seconds = 0;
    firstStep = -1;
    secondsLeft = Double.NaN;
  }

  void stepped(StepEvent event) {
    tokens = KEEP * tokens + event.tokens();
    seconds = KEEP * seconds + event.seconds();
    long now = nanos.getAsLong();
    long left = Math.max(0, event.totalSteps() - event.step());
    if (firstStep < 0 || event.step() <= firstStep) {
      firstStep = event.step();
      firstNanos = now;
      secondsLeft = left * event.seconds();
    } else {
      secondsLeft = left * ((now - firstNanos) / 1e9) / (event.step() - firstStep);
    }
  }

  /// Smoothed tokens per second: an exponentially weighted sum of tokens over that of seconds; 0 before the first step.
  double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }

  /// Part of the measured matrix-product peak in use; NaN where it is unknown.
  double peakFraction() {
    return start == null ? Double.NaN : start.peakFraction(tokensPerSecond());
  }

  /// Seconds until the last step; NaN before the first.
  double secondsLeft() {
    return secondsLeft;
  }
}
