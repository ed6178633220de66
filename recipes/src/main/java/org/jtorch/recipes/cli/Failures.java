package org.jtorch.recipes.cli;

import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import org.jtorch.recipes.ExitCodes;
import org.jtorch.recipes.config.RecipeException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;
import org.jtorch.tensor.TorchException;
import picocli.CommandLine;

/// Turns whatever a command throws into one clear message on stderr and an exit code; the stack trace is for `-v`.
final class Failures {
  private static final String LESS_MEMORY = """
      a run needs less with train.accumulate=2 or more (the same step, fewer rows at once), train.activation_checkpointing=true,
      dtype=bf16, a smaller train.batch or data.seq_len; jtorch plan RECIPE says how much it needs""";

  private Failures() {}

  /// Something went wrong while a command ran.
  static int failed(Exception thrown, CommandLine command, ParseResult parsed) {
    return report(thrown, command.getErr(), parsed.hasMatchedOption("--verbose") || verbose(command));
  }

  private static boolean verbose(CommandLine command) {
    return command.getCommandSpec().root().userObject() instanceof Main main && main.verbose;
  }

  /// Prints the message, after the stack trace if that is asked for.
  static int report(Throwable thrown, PrintWriter err, boolean verbose) {
    int code = ExitCodes.of(thrown);
    if (verbose) thrown.printStackTrace(err);
    err.println(message(ExitCodes.shown(thrown), code));
    if (code == ExitCodes.INTERNAL && !verbose) {
      err.println("this is a fault of JTorch; run the command again with -v for the stack trace");
    }
    err.flush();
    return code;
  }

  private static String message(Throwable t, int code) {
    String text = String.valueOf(t.getMessage());
    return switch (t) {
      case RecipeException _ -> text;
      case NoSuchFileException _ -> "error: no such file: " + text;
      case FileAlreadyExistsException _ -> "error: the file exists already: " + text;
      case FileSystemException e ->
          "error: " + e.getFile() + ": " + (e.getReason() == null ? t.getClass().getSimpleName() : e.getReason());
      case TorchException _ when code == ExitCodes.OUT_OF_MEMORY -> "error: out of memory: " + text + "\n" + LESS_MEMORY;
      case OutOfMemoryError _ -> "error: out of Java memory (" + text + "); give the JVM more with JTORCH_OPTS=-Xmx8g";
      default -> "error: " + (code == ExitCodes.INTERNAL || t.getMessage() == null ? t.toString() : text);
    };
  }

  /// The command line itself could not be read.
  static int misused(ParameterException e, String[] args) {
    var command = e.getCommandLine();
    var err = command.getErr();
    err.println("error: " + e.getMessage());
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> near = unmatched.getSuggestions();
      if (!near.isEmpty()) err.println("did you mean: " + String.join(" or ", near) + "?");
    }
    err.println("try: " + command.getCommandSpec().qualifiedName() + " --help");
    err.flush();
    return ExitCodes.USAGE;
  }
}
