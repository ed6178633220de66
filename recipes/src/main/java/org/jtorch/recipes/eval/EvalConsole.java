package org.jtorch.recipes.eval;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jtorch.eval.EvalProgress;
import org.jtorch.observe.Units;

/// The progress of an evaluation for a person: one line that redraws itself on a terminal, plain lines at intervals elsewhere.
public final class EvalConsole implements EvalRun.Watch {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 10_000_000_000L;

  private final PrintWriter out;
  private final boolean terminal;
  private final LongSupplier nanos;
  private boolean drawn;

  /// @param terminal true to redraw one line with a carriage return, false for lines in a file
  /// @param nanos a clock in nanoseconds, such as `System::nanoTime`
  public EvalConsole(PrintWriter out, boolean terminal, LongSupplier nanos) {
    this.out = out;
    this.terminal = terminal;
    this.nanos = nanos;
  }

  @Override public EvalProgress begins(String task) {
    return new Line(task, nanos.getAsLong());
  }

  /// Ends the line that redraws itself.
  public void end() {
    if (drawn) {
      out.print("\r\u001b[K");
      out.flush();
      drawn = false;
    }
  }

  private final class Line implements EvalProgress {
    private final String task;
    private final long started;
    private long shown;

    Line(String task, long started) {
      this.task = task;
      this.started = started;
      this.shown = started;
    }

    @Override public void at(long done, long total, long tokens) {
      long now = nanos.getAsLong();
      if (now - shown < (terminal ? REDRAW_NANOS : PLAIN_NANOS)) {
        return;
      }
      shown = now;
      double seconds = (now - started) / 1e9;
      String text = String.format(Locale.ROOT, "%s %,d/%,d  %s requests/s  %s tok/s  eta %s", task, done, total,
          Units.count(done / seconds), Units.count(tokens / seconds), Units.time(seconds / Math.max(1, done) * (total - done)));
      if (terminal) {
        out.print("\r" + text + "\u001b[K");
        drawn = true;
      } else {
        out.println(text);
      }
      out.flush();
    }
  }
}
