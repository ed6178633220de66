package org.jtorch.recipes.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.run.RunFolder;
import org.jtorch.recipes.run.RunReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jtorch report`: the report of a run as it stands.
@Command
final class ReportCommand implements Runnable {
  @Spec @Nullable CommandSpec spec;

  @Parameters(index = "0", paramLabel = "RUN", description = "The run's folder, e.g. runs/quickstart.")
  Path run = Path.of("");

  @Override public void run() {
    Output.of(spec).println("report: " + RunReport.write(new RunFolder(run)));
  }
}
