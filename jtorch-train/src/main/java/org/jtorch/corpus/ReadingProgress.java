package org.jtorch.corpus;

import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jtorch.observe.Units;

/// Says every ten seconds how much of the files is read, how fast, and how long the rest takes.
final class ReadingProgress {
  private static final double EVERY_SECONDS = 10;

  private final String what;
  private final long total;
  private final Consumer<String> note;
  private final LongSupplier nanoTime;
  private final long started;
  private final long begun;
  private double said;

  /// @param what is done, as in `encoding`
  /// @param total bytes of all files; 0 if unknown
  /// @param begun bytes that an earlier process has read already
  ReadingProgress(String what, long total, long begun, Consumer<String> note, LongSupplier nanoTime) {
    this.what = what;
    this.total = total;
    this.begun = begun;
    this.note = note;
    this.nanoTime = nanoTime;
    this.started = nanoTime.getAsLong();
  }

  /// @param read bytes of the files so far
  void at(long read) {
    double seconds = seconds();
    if (seconds - said >= EVERY_SECONDS) {
      said = seconds;
      double rate = (read - begun) / seconds;
      String speed = Units.bytes((long) rate) + "/s";
      note.accept(what + ": " + (total <= 0 || rate <= 0 ? Units.bytes(read) + ", " + speed
          : Units.bytes(read) + " of " + Units.bytes(total) + " (" + Math.min(100, 100 * read / total) + "%), " + speed + ", "
              + Units.time(Math.max(0, total - read) / rate) + " left"));
    }
  }

  private double seconds() {
    return (nanoTime.getAsLong() - started) / 1e9;
  }
}
