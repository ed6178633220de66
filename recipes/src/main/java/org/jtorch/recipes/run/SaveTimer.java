package org.jtorch.recipes.run;

import java.util.function.LongSupplier;

/// Says when it is time for a checkpoint: so many minutes after the last.
public final class SaveTimer {
  private static final double NANOS_PER_MINUTE = 60e9;

  private final double minutes;
  private final LongSupplier nanos;
  private long last;

  /// @param minutes between checkpoints; 0: never time
  /// @param nanos a clock in nanoseconds, such as `System::nanoTime`
  public SaveTimer(double minutes, LongSupplier nanos) {
    this.minutes = minutes;
    this.nanos = nanos;
    this.last = nanos.getAsLong();
  }

  public boolean isDue() {
    return minutes > 0 && nanos.getAsLong() - last >= minutes * NANOS_PER_MINUTE;
  }

  /// A checkpoint is written.
  public void saved() {
    last = nanos.getAsLong();
  }
}
