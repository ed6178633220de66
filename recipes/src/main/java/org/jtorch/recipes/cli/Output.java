package org.jtorch.recipes.cli;

import java.io.PrintWriter;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/// Where commands print.
final class Output {
  private Output() {}

  /// Whether somebody looks at what is printed, rather than a file or a pipe.
  @SuppressWarnings("SystemConsoleNull")       // not null by default, but -Djdk.console chooses others
  static boolean isTerminal() {
    var console = System.console();
    return console != null && console.isTerminal();
  }

  static PrintWriter of(@Nullable CommandSpec spec) {
    return Objects.requireNonNull(spec, "picocli sets the spec").commandLine().getOut();
  }
}
