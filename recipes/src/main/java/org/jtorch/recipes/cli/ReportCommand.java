package org.jtorch.recipes.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch report`: the report of a run as it stands.
@Command
final class ReportCommand implements Runnable {
  private final Recipes recipes;

  @Spec @Nullable CommandSpec spec;

  ReportCommand(Recipes recipes) {
    this.recipes = recipes;
  }

  @Parameters(index = "0", paramLabel = "RUN", description = "The run's folder, e.g. runs/quickstart.")
  Path run = Path.of("");

  @Override public void run() {
    Path resolved = new RunFolder(run).recipe();
    Path own = null;
    if (Files.exists(resolved)) {
      var loaded = recipes.load(resolved.toString(), List.of());
      own = loaded.type().report(loaded, run);
    }
    Output.of(spec).println("report: " + (own == null ? RunReport.write(new RunFolder(run)) : own));
  }
}
