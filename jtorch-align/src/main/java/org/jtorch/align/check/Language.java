package org.jtorch.align.check;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// How a program is run.
///
/// @param command that is given the file of the program
/// @param file what the program is saved as
/// @param proof a last line of the program that makes a file of the name `{proof}`, so that only a program that came to its end passes: one
///     that leaves early with the exit code 0 does not. Null if the exit code alone counts
public record Language(List<String> command, String file, @Nullable String proof) {
  /// Python in isolated mode, without the user's packages.
  public static final Language PYTHON3 = new Language(List.of("python3", "-I", "-B"), "answer.py", "open(\"{proof}\", \"w\").close()");
  private static final Pattern BLOCK = Pattern.compile("```[\\w+#.-]*[ \\t]*\\R(.*?)(?:```|\\z)", Pattern.DOTALL);

  public Language {
    command = List.copyOf(command);
    if (command.isEmpty()) {
      throw new IllegalArgumentException("`command` is empty; e.g. command: [node]");
    }
    if (file.isBlank() || file.contains("/") || file.contains("\\")) {
      throw new IllegalArgumentException("`file` must be the name of a file but was \"" + file + "\"; e.g. answer.js");
    }
  }

  /// Fails unless the command can be found, because else every answer would be wrong.
  ///
  /// @throws IllegalArgumentException naming the command
  public void require() {
    String name = command.getFirst();
    boolean found = name.contains("/") ? Files.isExecutable(Path.of(name)) : Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .anyMatch(folder -> !folder.isEmpty() && Files.isExecutable(Path.of(folder, name)));
    if (!found) {
      throw new IllegalArgumentException("there is no command `" + name + "` to run code with; install it, or give another `command`");
    }
  }

  /// The program of an answer: its last block between three backticks, or all of it.
  static String program(String answer) {
    String found = answer;
    for (var m = BLOCK.matcher(answer); m.find(); ) {
      found = m.group(1);
    }
    return found;
  }
}
