package org.jtorch.recipes.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.observe.ConsoleLog;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.config.Bound;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.DivergedException;

/// A run of any recipe in its folder: whose it is, finished or not, its lock, its logs, its end. What the recipe does in
/// between is its own.
public final class RecipeRun {
  /// What a kind of recipe does.
  @FunctionalInterface
  public interface Body {
    /// @return true if the run reached its end, and its model is in the folder; false if it was asked to stop and saved
    boolean run(RunFolder run, RunLogs logs, Interruption interruption);
  }

  private final RunFolder run;
  private final RunArgs args;
  private final boolean first;

  private RecipeRun(RunFolder run, RunArgs args) {
    this.run = run;
    this.args = args;
    this.first = args.ranks().isFirst();
  }

  /// Runs a recipe, or goes on with the run in its folder.
  ///
  /// @return an exit code of [ExitCodes]
  public static int execute(Bound<? extends Record> recipe, String name, Metrics metrics, RunArgs args, Body body) {
    return execute(recipe, new RunFolder(folder(args, name)), metrics, args, body);
  }

  /// Where a recipe of that name runs.
  public static Path folder(RunArgs args, String name) {
    return args.folder() == null ? Path.of("runs", name) : args.folder();
  }

  /// The same in a folder that may be of a run that leaves something else than a model.
  public static int execute(Bound<? extends Record> recipe, RunFolder folder, Metrics metrics, RunArgs args, Body body) {
    folder.create();
    var it = new RecipeRun(folder, args);
    try (var _ = it.first ? RunLock.take(folder) : null;
        var logs = new RunLogs(folder, metrics, ConsoleLog.of(System.out), it.first);
        var interruption = Interruption.watch(args.ranks().size() == 1, logs::note)) {
      boolean finished = args.ranks().afterFirst(() -> Resumption.claim(folder, recipe, args.resume(), logs::note));
      return finished ? it.leave() : it.run(logs, interruption, body);
    }
  }

  /// There is nothing to do but a report that a kill came before.
  private int leave() {
    if (first && !Files.exists(run.report()) && Files.exists(run.metrics())) {
      var _ = RunReport.write(run);
    }
    args.out().println(run.path() + " holds a finished run, which left " + run.left()
        + ". To train on give it more steps; to train again choose another folder with --out, or remove that one");
    return ExitCodes.DONE;
  }

  private int run(RunLogs logs, Interruption interruption, Body body) {
    boolean finished;
    try {
      finished = body.run(run, logs, interruption);
      logs.ended(finished ? "finished" : "interrupted");
      logs.close();
    } catch (RuntimeException | Error e) {
      if (first) {
        record(e, logs);
      }
      throw e;
    }
    boolean measured = Files.exists(run.metrics());
    if (first && measured) {
      var _ = RunReport.write(run);
    }
    String what = run.left().equals(run.model()) ? "model:  " : "left:   ";
    args.out().println(finished ? (measured ? "report: " + run.report() + "\n" : "") + what + run.left()
        : "interrupted and saved; the same command goes on");
    return finished ? ExitCodes.DONE : ExitCodes.INTERRUPTED;
  }

  /// A run that fails after its loop began has its end in the log and its report, as far as the disk allows, and says where it
  /// can go on.
  private void record(Throwable failure, RunLogs logs) {
    if (!Files.exists(run.metrics())) {
      return;
    }
    try {
      logs.ended(failure instanceof DivergedException ? "diverged" : "failed: " + failure.getMessage());
      args.out().println("report: " + RunReport.write(run));
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
    args.out().println(whereToGoOn(failure));
  }

  private String whereToGoOn(Throwable failure) {
    var saved = Checkpoint.all(run.checkpoints());
    if (saved.isEmpty()) {
      return "no checkpoint is saved";
    }
    return "saved last: " + saved.getLast() + (failure instanceof DivergedException
        ? "\nto go back to before the trouble: the same command with --resume " + saved.getFirst() + " and a lower train.learning_rate"
        : "\nthe same command goes on from there");
  }
}
