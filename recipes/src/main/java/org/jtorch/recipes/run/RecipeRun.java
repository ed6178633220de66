package org.jtorch.recipes.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jtorch.observe.ConsoleLog;
import org.jtorch.observe.MetricsFile;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.config.Bound;
import org.jtorch.recipes.report.HtmlReport;
import org.jtorch.recipes.report.ReportData;
import org.jtorch.tensor.TorchInfo;

/// A run of any recipe in its folder: finished or not, whose it is, its lock, its logs, its end. What the recipe does in
/// between is its own.
public final class RecipeRun {
  /// What a kind of recipe does.
  @FunctionalInterface
  public interface Body {
    /// @param stop true once the run is asked to save and end
    /// @return true if the run reached its end, and its model is in the folder; false if it was asked to stop and saved
    boolean run(RunFolder run, RunLogs logs, BooleanSupplier stop);
  }

  private RecipeRun() {}

  /// Runs a recipe, or goes on with the run in its folder.
  ///
  /// @return an exit code of [ExitCodes]
  public static int execute(Bound<? extends Record> recipe, String name, Metrics metrics, RunArgs args, Body body) {
    var run = new RunFolder(args.folder() == null ? Path.of("runs", name) : args.folder());
    boolean first = args.ranks().isFirst();
    if (Files.exists(run.model())) {
      if (first && !Files.exists(run.report())) {
        report(run, name, recipe);           // a kill came between model and report
      }
      args.out().println(run.path() + " holds a finished run; its model is " + run.model()
          + ". To train again choose another folder with --out, or remove that one");
      return ExitCodes.DONE;
    }
    if (first && !args.resume() && Files.exists(run.recipe())) {
      throw new IllegalArgumentException(run.path() + " holds a run already; --resume auto goes on with it, --out names another folder");
    }
    run.create();
    var stop = new AtomicBoolean();
    try (var _ = first ? RunLock.take(run) : null; var logs = new RunLogs(run, metrics, ConsoleLog.of(System.out), first);
        var interruption = Interruption.watch(stop, logs::note)) {
      args.ranks().afterFirst(() -> Resumption.claim(run, recipe));
      boolean finished = body.run(run, logs, stop::get);
      logs.close();
      if (first) {
        report(run, name, recipe);
      }
      args.out().println(finished ? "report: " + run.report() + "\nmodel:  " + run.model()
          : "interrupted and saved; the same command goes on");
      interruption.done();
      return finished ? ExitCodes.DONE : ExitCodes.INTERRUPTED;
    }
  }

  private static void report(RunFolder run, String name, Bound<? extends Record> recipe) {
    var environment = new LinkedHashMap<>(TorchInfo.report());
    environment.put("Java", System.getProperty("java.vendor") + " " + Runtime.version());
    environment.put("platform", System.getProperty("os.name") + " " + System.getProperty("os.arch") + ", "
        + Runtime.getRuntime().availableProcessors() + " cores");
    var data = new ReportData(name, MetricsFile.read(run.metrics()), recipe.resolved().toYaml(), environment);
    var _ = HtmlReport.write(run.path(), data);
    var _ = HtmlReport.curveSvg(run.path(), data);
  }
}
