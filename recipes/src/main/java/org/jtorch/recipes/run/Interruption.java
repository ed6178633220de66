package org.jtorch.recipes.run;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Consumer;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Signals;

/// Ctrl-C, a polite kill, a closed terminal. A loop that is at work is asked to stop after its step and to save; a second
/// signal ends the process at once. Before there is a loop to ask, while text is read for instance, the first does: what is
/// written to disk then is whole or not there, so nothing is lost but time.
public final class Interruption implements AutoCloseable {
  private final Consumer<String> note;
  private final boolean alone;
  private final Signals signals;
  private final Set<String> heard = new HashSet<>();
  private volatile boolean looping;
  private volatile boolean asked;

  private Interruption(boolean alone, Consumer<String> note) {
    this.alone = alone;
    this.note = note;
    this.signals = Signals.to(this::hear);
  }

  /// Listens until it is closed.
  ///
  /// @param alone false for one of several processes of a run: there the same interruption may arrive twice, from the terminal
  ///     and from who started them, so that only the same signal once more is a second one
  /// @param note where to say what happens
  @MustBeClosed
  public static Interruption watch(boolean alone, Consumer<String> note) {
    return new Interruption(alone, note);
  }

  private synchronized void hear(String signal) {
    boolean again = alone ? asked : heard.contains(signal);
    heard.add(signal);
    if (!looping) {
      end("interrupted before a step was made, so there is nothing to save; the same command begins again or goes on");
    } else if (again) {
      end("interrupted again: quitting at once; the last checkpoint is intact");
    } else if (!asked) {
      asked = true;
      note.accept("interrupted: finishing the step and saving (once more to quit at once)");
    }
  }

  private void end(String why) {
    try {
      note.accept(why);
      System.out.flush();
    } finally {
      Runtime.getRuntime().halt(ExitCodes.INTERRUPTED);
    }
  }

  /// From here on there is a loop that asks [#isAsked] after every step.
  public void loopBegins() {
    looping = true;
  }

  /// Whether the loop should save and end.
  public boolean isAsked() {
    return asked;
  }

  @Override public void close() {
    signals.close();
  }
}
