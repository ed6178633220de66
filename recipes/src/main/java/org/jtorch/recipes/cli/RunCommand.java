package org.jtorch.recipes.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jtorch run`: runs a recipe; the same command again goes on where the last one stopped.
@Command
final class RunCommand implements Callable<Integer> {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  @Mixin RecipeArgs args = new RecipeArgs();

  @Option(names = "--out", paramLabel = "FOLDER", description = "The run's folder; runs/<name> unless given.")
  @Nullable Path out;

  @Option(names = "--resume", paramLabel = "WHEN", defaultValue = "auto",
      description = "auto: go on with a run that is in the folder; never: refuse such a folder.")
  String resume = "auto";

  @Option(names = "--seed", paramLabel = "N", description = "Short for seed=N.")
  @Nullable String seed;

  @Option(names = "--steps", paramLabel = "N", description = "Short for train.steps=N.")
  @Nullable String steps;

  @Option(names = "--device", paramLabel = "NAME", description = "Short for device=NAME.")
  @Nullable String device;

  @Option(names = "--dtype", paramLabel = "NAME", description = "Short for dtype=NAME.")
  @Nullable String dtype;

  @Option(names = "--dry-run", description = "Print the plan instead.")
  boolean dryRun;

  RunCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public Integer call() {
    if (!List.of("auto", "never").contains(resume)) {
      throw new IllegalArgumentException("--resume " + resume + " is neither auto nor never");
    }
    var loaded = recipes.load(args.recipe(), overrides());
    loaded.check();
    var print = Output.of(spec);
    if (dryRun) {
      loaded.type().plan(loaded, print);
      return ExitCodes.DONE;
    }
    return loaded.type().run(loaded, new RecipeType.RunArgs(out, resume.equals("auto"), print));
  }

  private List<String> overrides() {
    var all = new ArrayList<>(args.overrides());
    add(all, "seed", seed);
    add(all, "train.steps", steps);
    add(all, "device", device);
    add(all, "dtype", dtype);
    return all;
  }

  private static void add(List<String> overrides, String key, @Nullable String value) {
    if (value != null) {
      overrides.add(key + "=" + value);
    }
  }
}
