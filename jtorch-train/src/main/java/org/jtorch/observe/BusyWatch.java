package org.jtorch.observe;

import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Says now and then, while a run goes on, that other processes take the cores it works on.
public final class BusyWatch implements StepListener {
  /// Missing cores from which it is worth a word.
  public static final double MISSING = 0.5;

  private static final long LOOK_NANOS = 10_000_000_000L;
  private static final long SAY_NANOS = 600_000_000_000L;

  private final Supplier<@Nullable ProcessorTime> readings;
  private final LongSupplier nanos;
  private final int threads;
  private final Consumer<String> note;
  private @Nullable ProcessorTime last;
  private long looked;
  private boolean said;
  private long saidAt;

  /// @param readings the cores' time, such as `ProcessorTime::now`; null where it is unknown
  /// @param nanos a clock in nanoseconds, such as `System::nanoTime`
  /// @param threads how many cores the run works on
  /// @param note takes the line
  public BusyWatch(Supplier<@Nullable ProcessorTime> readings, LongSupplier nanos, int threads, Consumer<String> note) {
    this.readings = readings;
    this.nanos = nanos;
    this.threads = threads;
    this.note = note;
  }

  @Override
  public void onStart(RunStart start) {
    last = readings.get();
    looked = nanos.getAsLong();
  }

  @Override
  public void onStep(StepEvent step) {
    long now = nanos.getAsLong();
    if (now - looked < LOOK_NANOS) {
      return;
    }
    looked = now;
    var before = last;
    var reading = readings.get();
    last = reading;
    if (before == null || reading == null) {
      return;
    }
    double missing = reading.missingSince(before, threads);
    if (missing >= MISSING && (!said || now - saidAt >= SAY_NANOS)) {
      said = true;
      saidAt = now;
      note.accept(describe(reading, before, threads));
    }
  }

  /// `other processes take 1.0 of this machine's 2 cores, and this one works with 2 threads: ...`
  public static String describe(ProcessorTime now, ProcessorTime before, int threads) {
    return String.format(Locale.ROOT, "other processes take %.1f of this machine's %d cores, and this one works with %d threads:"
        + " it is slower than it would be alone", now.othersSince(before), now.cores(), threads);
  }
}
