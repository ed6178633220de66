package org.jtorch.recipes.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Artifacts;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.RecipeType;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Resume;
import org.jtorch.recipes.launch.Launcher;
import org.jtorch.tensor.ranks.Ranks;
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

  @Mixin ShortOverrides shorts = new ShortOverrides();

  @Option(names = "--out", paramLabel = "FOLDER", description = "The run's folder; runs/<name> unless given.")
  @Nullable Path out;

  @Option(names = "--resume", paramLabel = "WHEN", defaultValue = "auto",
      description = "auto: go on with a run that is in the folder; never: refuse such a folder; the path of a checkpoint of it: "
          + "go back to that one, where overrides may change keys of train and optimizer.")
  String resume = "auto";

  @Option(names = "--processes", paramLabel = "N",
      description = "Train in N processes of this machine that share every batch. torchrun's environment variables do the same.")
  int processes = 1;

  @Option(names = "--dry-run", description = "Print the plan instead.")
  boolean dryRun;

  RunCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Override public Integer call() {
    var found = Resume.parse(resume);
    if (processes < 1) {
      throw new IllegalArgumentException("--processes " + processes + " must be at least 1; e.g. --processes 2");
    }
    var loaded = recipes.load(args.recipe(), shorts.after(args.overrides()));
    loaded.check();
    var print = Output.of(spec);
    if (dryRun) {
      var _ = loaded.type().plan(loaded, Artifacts.FOLDERS, print);
      return ExitCodes.DONE;
    }
    loaded.checkReady();
    boolean started = System.getenv("WORLD_SIZE") != null;           // by the launcher or by torchrun
    return processes > 1 && !started ? launch() : run(loaded, found, print);
  }

  private int launch() {
    var root = Objects.requireNonNull(spec, "picocli sets the spec").root().commandLine();
    return Launcher.run(Main.class, root.getParseResult().originalArgs(), processes, root.getErr());
  }

  private int run(Recipes.Loaded loaded, Resume found, PrintWriter print) {
    Launcher.watch(System.getenv());
    try (var ranks = Ranks.join(System.getenv())) {
      var mine = ranks.isFirst() ? print : new PrintWriter(Writer.nullWriter());
      return loaded.type().run(loaded, new RecipeType.RunArgs(out, found, mine, ranks));
    }
  }
}
