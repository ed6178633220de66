package org.jtorch.recipes.eval;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jtorch.eval.task.EvalTask;
import org.jtorch.eval.task.NeedleTask;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.observe.Units;
import org.jtorch.recipes.Artifact;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.PlanFigures;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.config.Reference;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.recipes.report.ResultsPage;
import org.jtorch.recipes.run.RecipeRun;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.StageFolder;
import org.jtorch.tensor.Device;

/// `type: eval`.
public final class EvalType implements RecipeType {
  private static final String RESULTS = "results";
  /// Of the machine's measured peak that scoring reaches, about.
  private static final double SHARE_OF_PEAK = 0.5;

  @Override public String name() {
    return "eval";
  }

  @Override public Class<? extends Record> recordType() {
    return EvalRecipe.class;
  }

  @Override public List<String> problems(Object value, Artifacts known) {
    var recipe = (EvalRecipe) value;
    var problems = new ArrayList<String>();
    var models = new ArrayList<Artifact.Model>();
    attempt(problems, "from", () -> models.add(known.model(recipe.from())));
    Reference second = recipe.compare();
    if (second != null) {
      attempt(problems, "compare", () -> models.add(known.model(second)));
    }
    attempt(problems, "dtype", () -> recipe.place());
    if (!List.of("best", "cpu").contains(recipe.device())) {             // which are always there: libtorch need not be asked
      attempt(problems, "device", () -> Device.parse(recipe.device()));
    }
    attempt(problems, "tasks", () -> TaskSet.load(recipe.tasks(), recipe.dataFolder(), recipe.limit())
        .forEach(set -> set.parts().forEach(task -> models.forEach(model -> requireRoom(task, model)))));
    return problems;
  }

  private static void attempt(List<String> problems, String key, Runnable check) {
    try {
      check.run();
    } catch (IllegalArgumentException | DataException e) {
      problems.add("`" + key + "` " + e.getMessage());
    }
  }

  private static void requireRoom(EvalTask task, Artifact.Model model) {
    if (task instanceof NeedleTask needle && needle.longest() > model.shape().maxPositions()) {
      throw new IllegalArgumentException(task.name() + " asks for " + needle.longest() + " tokens, but " + model.folder() + " allows "
          + model.shape().maxPositions() + "; give it other `lengths`");
    }
  }

  @Override public Artifact leaves(Object value, Path folder, Artifacts known) {
    return new Artifact.Results(folder.resolve(RESULTS));
  }

  @Override public PlanFigures plan(Recipes.Loaded loaded, Artifacts known, PrintWriter out) {
    var recipe = (EvalRecipe) loaded.bound().value();
    Device device = Device.parse(recipe.device());
    double flops = MachineSpeed.flops(device, MachineSpeed.dtype(recipe.dtype(), device));
    var sets = TaskSet.load(recipe.tasks(), recipe.dataFolder(), recipe.limit());
    double tokens = 0;
    for (var set : sets) {
      double own = set.parts().stream().mapToDouble(EvalTask::tokens).sum();
      tokens += own;
      out.println(String.format(Locale.ROOT, "%-11s %s: %,d items, about %s tokens", set == sets.getFirst() ? "asks" : "", set.name(), set.size(),
          Units.count(own)));
    }
    double seconds = 0;
    double bytes = 0;
    for (Reference reference : recipe.models()) {
      var shape = known.model(reference).shape();
      seconds += tokens * 2 * shape.parameterCount() / (SHARE_OF_PEAK * flops);
      bytes = Math.max(bytes, 4.0 * shape.parameterCount());
      out.println(String.format(Locale.ROOT, "%-11s %s, %,d parameters", reference == recipe.from() ? "model" : "beside", reference, shape.parameterCount()));
    }
    out.println(String.format(Locale.ROOT, "%-11s about %s, at half of the measured %.0f GFLOP/s; less where items begin alike", "time", Units.time(seconds),
        flops / 1e9));
    out.flush();
    return new PlanFigures(0, bytes, 0, seconds);
  }

  @Override public int run(Recipes.Loaded loaded, RunArgs args) {
    var recipe = (EvalRecipe) loaded.bound().value();
    var run = new RunFolder(RecipeRun.folder(args, recipe.name()));
    run.create();
    boolean first = args.ranks().isFirst();
    try (var _ = first ? StageFolder.lock(run) : null) {
      args.ranks().afterFirst(() -> {
        if (first) {
          evaluate(recipe, loaded, run, args);
        }
      });
      return ExitCodes.DONE;
    }
  }

  private static void evaluate(EvalRecipe recipe, Recipes.Loaded loaded, RunFolder run, RunArgs args) {
    if (args.resume() instanceof Resume.From(Path checkpoint)) {
      throw new IllegalArgumentException("an evaluation has no checkpoints, so it cannot go back to " + checkpoint);
    }
    if (args.resume() instanceof Resume.Never && StageFolder.isBegun(run)) {
      throw new IllegalArgumentException(run.path() + " holds a run already; --resume auto goes on with it, --out names another folder");
    }
    var changes = StageFolder.differences(run, loaded.bound());
    if (!changes.isEmpty()) {
      throw new IllegalArgumentException(run.path() + " holds an evaluation of another recipe; these keys differ:\n"
          + changes.stream().map(d -> "  " + d).collect(Collectors.joining("\n")) + "\nChoose another folder with --out");
    }
    Path results = run.path().resolve(RESULTS);
    if (!Files.exists(results)) {
      RunFolder.write(run.recipe(), loaded.bound().resolved().toYaml());
      var sets = TaskSet.load(recipe.tasks(), recipe.dataFolder(), recipe.limit());
      var folders = recipe.models().stream().map(reference -> args.known().model(reference).folder()).toList();
      var evaluation = Evaluation.run(sets, folders, recipe.place(), new EvalConsole(args.out(), false, System::nanoTime));
      evaluation.print(args.out());
      RunFolder.write(run.part(), evaluation.part());
      AtomicFolder.publish(results, evaluation::write);
    }
    args.out().println("report: " + report(run, recipe.name()) + "\nresults: " + results);
    args.out().flush();
  }

  @Override public Path report(Recipes.Loaded loaded, Path folder) {
    return report(new RunFolder(folder), ((EvalRecipe) loaded.bound().value()).name());
  }

  private static Path report(RunFolder run, String title) {
    try {
      return ResultsPage.write(run.path(), title, Files.exists(run.part()) ? Files.readString(run.part()) : "<p>no results yet</p>\n",
          Files.readString(run.recipe()));
    } catch (IOException e) {
      throw new DataException("could not read " + run.path() + ": " + e.getMessage(), e);
    }
  }
}
