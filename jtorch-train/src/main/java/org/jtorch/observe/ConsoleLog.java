package org.jtorch.observe;

import java.io.Console;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/// Progress for a person: one line that redraws itself on a terminal, plain lines at intervals elsewhere.
public final class ConsoleLog implements StepListener {
  private static final int WIDTH = 100;
  private static final int NARROW_BAR = 6;
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 10_000_000_000L;
  private static final long PLAIN_LINES = 20;

  private final PrintStream out;
  private final boolean terminal;
  private final boolean blocks;
  private final LongSupplier nanos;
  private final Pace pace;
  private boolean drawn;
  private boolean shown;
  private long shownNanos;
  private long shownStep;
  private String pending = "";

  /// @param terminal true to redraw one line with a carriage return, false for lines in a file
  /// @param nanos a clock in nanoseconds, such as `System::nanoTime`
  public ConsoleLog(PrintStream out, boolean terminal, LongSupplier nanos) {
    this.out = out;
    this.terminal = terminal;
    this.nanos = nanos;
    this.blocks = terminal && out.charset().equals(StandardCharsets.UTF_8);
    this.pace = new Pace(nanos);
  }

  /// Redraws where this process has a terminal, and prints plain lines where its output goes to a file or a pipe.
  @SuppressWarnings("SystemConsoleNull") // never null in the JDK's own words, nullable in NullAway's
  public static ConsoleLog of(PrintStream out) {
    Console console = System.console();
    return new ConsoleLog(out, console != null && console.isTerminal(), System::nanoTime);
  }

  @Override
  public void onStart(RunStart start) {
    pace.started(start);
    shown = false;
    String from = start.startStep() > 0 ? ", resumed after step " + start.startStep() : "";
    String peak = start.peakFlops() > 0 ? ", peak " + Units.count(start.peakFlops() / 1e9) + " GFLOP/s" : "";
    line(String.format(Locale.ROOT, "%s: %s parameters, %d steps%s%s",
        start.name(), Units.count((double) start.parameters()), start.totalSteps(), from, peak));
  }

  @Override
  public void onStep(StepEvent event) {
    pace.stepped(event);
    long now = nanos.getAsLong();
    boolean last = event.step() >= event.totalSteps();
    String text = describe(event);
    if (last || !shown || due(event, now)) {
      show(text, now, event.step());
    } else {
      pending = text;
    }
  }

  private boolean due(StepEvent event, long now) {
    if (terminal) {
      return now - shownNanos >= REDRAW_NANOS;
    }
    long every = Math.max(1, event.totalSteps() / PLAIN_LINES);
    return event.step() / every > shownStep / every || now - shownNanos >= PLAIN_NANOS;
  }

  private void show(String text, long now, long step) {
    pending = "";
    shown = true;
    shownNanos = now;
    shownStep = step;
    if (terminal) {
      out.print("\r" + text + "\u001b[K");
      out.flush();
      drawn = true;
    } else {
      out.println(text);
    }
  }

  private String describe(StepEvent e) {
    boolean learns = !Double.isNaN(e.learningRate());          // else a loop that makes data
    var text = new StringBuilder(learns ? String.format(Locale.ROOT, " loss %.4f", e.loss()) : "");
    if (e.skipped()) {
      text.append(" (skipped)");
    }
    text.append("  ").append(Units.count(pace.tokensPerSecond())).append(" tok/s");
    if (Double.isFinite(pace.peakFraction())) {
      text.append("  ").append(Units.percent(pace.peakFraction())).append(" of peak");
    }
    if (e.deviceBytes() > 0) {
      text.append("  ").append(Units.bytes(e.deviceBytes()));
    }
    text.append("  eta ").append(Units.time(pace.secondsLeft()));
    String total = Long.toString(e.totalSteps());
    String head = String.format(Locale.ROOT, "step %" + total.length() + "d/%s ", e.step(), total);
    double done = e.totalSteps() > 0 ? Math.min(1, (double) e.step() / e.totalSteps()) : 0;
    String percent = String.format(Locale.ROOT, " %3d%%", (int) Math.floor(100 * done));
    int room = WIDTH - 1 - head.length() - percent.length() - text.length();
    for (var figure : e.figures().entrySet()) {
      String more = "  " + figure.getKey() + " " + Units.figure(figure.getValue());
      if (room - more.length() < NARROW_BAR) {
        break;                                             // the others are in metrics.jsonl
      }
      text.append(more);
      room -= more.length();
    }
    return head + bar(done, Math.clamp(room, NARROW_BAR, 24)) + percent + text;
  }

  private String bar(double done, int width) {
    int full = (int) Math.floor(done * width);
    return blocks
        ? "█".repeat(full) + "░".repeat(width - full)
        : "[" + "=".repeat(Math.max(0, full - 2)) + ".".repeat(width - 2 - Math.max(0, full - 2)) + "]";
  }

  @Override
  public void onEval(EvalEvent eval) {
    var parts = new ArrayList<String>();
    add(parts, "%.4f bits per byte", eval.bitsPerByte());
    add(parts, "loss %.4f", eval.loss());
    add(parts, "perplexity %.2f", eval.perplexity());
    eval.figures().forEach((name, value) -> parts.add(name + " " + Units.figure(value)));
    line("eval at step " + eval.step() + ": " + String.join(", ", parts));
    for (String sample : eval.samples()) {
      line("  > " + printable(sample));
    }
  }

  private static void add(List<String> parts, String format, double value) {
    if (!Double.isNaN(value)) {
      parts.add(String.format(Locale.ROOT, format, value));
    }
  }

  /// A sample is whatever a model wrote: line breaks become signs and control characters never reach the terminal.
  private static String printable(String text) {
    return text.replace("\n", "\\n").replaceAll("\\p{Cntrl}", "?");
  }

  @Override
  public void onSave(SaveEvent save) {
    line("saved %s (%s in %s)".formatted(save.folder(), Units.bytes(save.bytes()), Units.time(save.seconds())));
  }

  @Override
  public void onNote(String note) {
    line(note);
  }

  @Override
  public void onEnd(RunEnd end) {
    if (!pending.isEmpty()) {
      show(pending, nanos.getAsLong(), shownStep);
    }
    endDrawnLine();
    line("%s after %s".formatted(end.outcome(), Units.time(end.seconds())));
  }

  @Override
  public void close() {
    endDrawnLine();
    out.flush();
  }

  /// Prints a line of its own; the progress line it takes the place of comes back with the next step.
  private void line(String text) {
    if (drawn) {
      out.print("\r\u001b[K");
      drawn = false;
      shown = false;
    }
    out.println(text);
  }

  private void endDrawnLine() {
    if (drawn) {
      out.println();
      drawn = false;
    }
  }
}
