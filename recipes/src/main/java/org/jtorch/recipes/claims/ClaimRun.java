package org.jtorch.recipes.claims;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType.RunArgs;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.stage.StagesType;

/// A claim's run: its stages for one seed after the other, each in a folder of its own, and then what they say. A seed whose stages are
/// finished is not run again.
final class ClaimRun {
  private final Recipes.Loaded loaded;
  private final ClaimRecipe recipe;
  private final StagesType stages;
  private final RunArgs args;
  private final Path root;

  ClaimRun(Recipes.Loaded loaded, StagesType stages, RunArgs args) {
    this.loaded = loaded;
    this.recipe = (ClaimRecipe) loaded.bound().value();
    this.stages = stages;
    this.args = args;
    this.root = args.folder() == null ? ClaimType.HOME.resolve(recipe.name()) : args.folder();
  }

  /// @return an exit code of [ExitCodes]
  int execute() {
    int n = 0;
    for (long seed : recipe.seeds()) {
      say("%s, seed %d (%d of %d): %s".formatted(recipe.name(), seed, ++n, recipe.seeds().size(), recipe.claim()));
      int code = stages.run(SeedRecipe.of(loaded, seed, stages),
          new RunArgs(seedFolder(seed), args.resume(), args.out(), args.ranks(), args.known()));
      if (code != ExitCodes.DONE) {
        return code;
      }
    }
    args.ranks().afterFirst(() -> {
      if (args.ranks().isFirst()) {
        judge();
      }
    });
    return ExitCodes.DONE;
  }

  private Path seedFolder(long seed) {
    return root.resolve("seed-" + seed);
  }

  private void say(String text) {
    args.out().println(text);
    args.out().flush();
  }

  private void judge() {
    var measured = measured();
    var verdict = new Verdict(recipe.name(), recipe.claim(), recipe.source(), recipe.tuned(), measured,
        recipe.judge().stream().flatMap(check -> check.of(measured).stream()).toList(),
        recipe.beside().stream().flatMap(check -> check.of(measured).stream()).toList(), minutes());
    verdict.write(root);
    RunFolder.write(root.resolve(Verdict.FIGURE), ClaimFigure.svg(recipe, measured));
    say(verdict.table());
    say("results: " + root.resolve(Verdict.FILE) + "\nfigure:  " + root.resolve(Verdict.FIGURE));
  }

  private Measured measured() {
    var values = new LinkedHashMap<String, double[]>();
    List<Long> seeds = recipe.seeds();
    recipe.measures().forEach((name, measure) -> {
      double[] all = new double[seeds.size()];
      for (int i = 0; i < all.length; i++) {
        all[i] = value(measure, i, values);
      }
      values.put(name, all);
    });
    return new Measured(seeds, values);
  }

  /// @param i counts the seeds
  /// @param before the measures that stand before this one
  private double value(Measure measure, int i, LinkedHashMap<String, double[]> before) {
    Path run = seedFolder(recipe.seeds().get(i));
    return switch (measure) {
      case Measure.Read(String stage, String figure, int last) -> StageFigures.of(run, stage).read(figure, last);
      case Measure.Difference(String of, String minus, boolean relative) -> {
        double taken = Objects.requireNonNull(before.get(minus))[i];
        double difference = Objects.requireNonNull(before.get(of))[i] - taken;
        yield relative ? difference / taken : difference;
      }
      case Measure.Where where -> StageFigures.of(run, where.stage()).where(where);
      case Measure.StepsTo(String stage, String loss) -> StageFigures.of(run, stage).stepsTo(Objects.requireNonNull(before.get(loss))[i]);
    };
  }

  /// The time of all stages of all seeds together.
  private double minutes() {
    return recipe.seeds().stream().flatMap(seed -> StageFigures.all(seedFolder(seed)).stream()).mapToDouble(StageFigures::seconds).sum() / 60;
  }
}
