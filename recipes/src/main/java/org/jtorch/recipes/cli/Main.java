package org.jtorch.recipes.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.Recipes;
import org.jtorch.recipes.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine;

/// The program `jtorch`.
@Command(name = "jtorch", versionProvider = Main.Version.class,
    description = "Train language models in Java: recipes in, checkpoints out.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:done", "1:a check failed", "2:the recipe or the use of a command is wrong",
        "3:a data or model file is missing or broken", "4:out of memory",
        "5:the training diverged", "6:another process of the run is gone", "70:a fault of JTorch", "130:interrupted, state saved"})
public final class Main implements Runnable {
  @Option(names = {"-v", "--verbose"}, scope = ScopeType.INHERIT, description = "Show the stack trace of an error.")
  boolean verbose;

  @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Show this help.")
  boolean help;

  @Option(names = {"-V", "--version"}, versionHelp = true, description = "Show the version.")
  boolean version;

  @Spec @Nullable CommandSpec spec;

  /// Runs a command and ends the JVM with its exit code; a signal ends it with that of an interruption.
  public static void main(String... args) {
    var _ = Signals.to(_ -> System.exit(ExitCodes.INTERRUPTED));
    System.exit(run(args));
  }

  /// Runs a command and returns its exit code.
  public static int run(String... args) {
    var line = commandLine(RecipeTypes::standard, called(args));
    line.setOut(writer(System.out));
    line.setErr(writer(System.err));
    try {
      return line.execute(args);
    } catch (Throwable t) { // picocli maps exceptions only; an OutOfMemoryError has an exit code too
      return Failures.report(t, line.getErr(), false);
    }
  }

  /// In the terminal's charset; where that is only ASCII, no locale is set, and UTF-8 is what files and pipes expect.
  private static PrintWriter writer(PrintStream stream) {
    var charset = stream.charset();
    boolean none = charset == null || charset.equals(StandardCharsets.US_ASCII);
    return new PrintWriter(stream, true, none ? StandardCharsets.UTF_8 : charset);
  }

  /// The command that the arguments call, or the empty string.
  private static String called(String... args) {
    for (String arg : args) {
      if (!arg.startsWith("-")) return arg;
    }
    return "";
  }

  /// The command line with one command complete and the others as name and purpose only.
  ///
  /// @param called the name of that command; `*` makes all of them complete
  static CommandLine commandLine(Supplier<Recipes> recipes, String called) {
    var line = new CommandLine(new Main());
    for (var command : Commands.ALL) {
      boolean complete = called.equals("*") || called.equals(command.name());
      var spec = complete ? CommandSpec.forAnnotatedObject(Commands.create(command.name(), recipes)) : CommandSpec.create();
      spec.name(command.name()).usageMessage().description(command.purpose());
      line.addSubcommand(command.name(), spec);
    }
    return line.setExecutionExceptionHandler(Failures::failed).setParameterExceptionHandler(Failures::misused)
        .setUsageHelpWidth(100).setAbbreviatedOptionsAllowed(false);
  }

  /// Without a command the command line is used wrongly.
  @Override public void run() {
    var line = Objects.requireNonNull(spec, "picocli sets the spec").commandLine();
    throw new CommandLine.ParameterException(line, "no command is given; jtorch ls is a good start");
  }

  /// `jtorch 1.0.0 (Java 25.0.1)`.
  static final class Version implements IVersionProvider {
    @Override public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      String name = version == null ? "development build" : version;
      return new String[] {"jtorch " + name + " (Java " + Runtime.version().feature() + ")"};
    }
  }
}
