package org.jtorch.recipes.cli;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.report.ShownRows;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `jtorch data`: what is done to text before a model sees it.
@Command
final class DataCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  DataCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public void run() {
    throw new ParameterException(Objects.requireNonNull(spec, "picocli sets the spec").commandLine(),
        "say what to do with the data; e.g. jtorch data prepare ./my.yaml");
  }

  @Command(name = "prepare",
      description = "Make the text of a recipe into tokens that many runs can train on; goes on where it was cut off.")
  int prepare(@Mixin RecipeArgs args, @Option(names = "--out", paramLabel = "FOLDER",
      description = "Where the tokens go; data.cache of the recipe or prepared/<name> unless given.") @Nullable Path out) {
    var loaded = recipes.load(args.recipe(), args.overrides());
    loaded.check();
    return loaded.type().prepare(loaded, out, Output.of(spec));
  }

  @Command(name = "show", description = "Show the first rows of chats that a recipe trains on: the tokens, and which of them are learned.")
  int show(@Mixin RecipeArgs args, @Option(names = "--rows", paramLabel = "N",
      description = "Examples of each source. Default: ${DEFAULT-VALUE}.", defaultValue = "3") int count) {
    if (count < 1) {
      throw new IllegalArgumentException("--rows must be >= 1 but was " + count + "; 3 for example");
    }
    var loaded = recipes.load(args.recipe(), args.overrides());
    loaded.check();
    var rows = loaded.type().rows(loaded, Artifacts.FOLDERS, count);
    if (rows.isEmpty()) {
      throw new IllegalArgumentException(args.recipe() + " trains on no chats; recipes and stages of type sft, dpo, reward and gkd do");
    }
    ShownRows.print(rows, Output.of(spec), Output.isTerminal() && System.getenv("NO_COLOR") == null);
    return ExitCodes.DONE;
  }
}
