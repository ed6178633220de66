package org.jtorch.recipes.cli;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.distill.CaptureSettings;
import org.jtorch.loss.SparseTargets.Reduction;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.pretrain.CaptureTeacher;
import org.jtorch.recipes.pretrain.PretrainRecipe;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `jtorch distill`: what a teacher does before a student learns from it.
@Command
final class DistillCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  DistillCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  /// What is kept of each position.
  static final class Kept {
    @Option(names = "--top-k", paramLabel = "N", description = "Keep the N most probable tokens of each position; 64 unless given.")
    @Nullable Integer top;

    @Option(names = "--draws", paramLabel = "N", description = "Keep N draws of each position instead: on average the whole distribution.")
    @Nullable Integer draws;
  }

  @Override public void run() {
    throw new ParameterException(Objects.requireNonNull(spec, "picocli sets the spec").commandLine(),
        "say what to do; e.g. jtorch distill capture ./my.yaml --teacher models/large --out captured");
  }

  @Command(name = "capture",
      description = "Run a teacher once over a recipe's rows and keep what it says, for any number of students; goes on where it was cut off.")
  int capture(@Mixin RecipeArgs args,
      @Option(names = "--teacher", paramLabel = "FOLDER", required = true, description = "A model with the text's tokenizer.") Path teacher,
      @Option(names = "--out", paramLabel = "FOLDER", required = true, description = "Where the targets go.") Path out,
      @ArgGroup @Nullable Kept kept,
      @Option(names = "--batch", paramLabel = "N", defaultValue = "4", description = "Rows that the teacher reads at once.") int batch) {
    var loaded = recipes.load(args.recipe(), args.overrides());
    loaded.check();
    if (!(loaded.bound().value() instanceof PretrainRecipe recipe)) {
      throw new IllegalArgumentException("recipes of type " + loaded.type().name() + " have no rows to capture a teacher on; use one of type pretrain");
    }
    return CaptureTeacher.run(recipe, teacher, settings(kept, batch, recipe.seed()), out, Output.of(spec));
  }

  private static CaptureSettings settings(@Nullable Kept kept, int batch, long seed) {
    if (kept != null && kept.draws != null) {
      return new CaptureSettings(Reduction.DRAWS, kept.draws, batch, seed);
    }
    return CaptureSettings.top(kept != null && kept.top != null ? kept.top : 64, batch);
  }
}
