package org.jtorch.recipes.cli;

import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// A model folder with a `tokenizer.json`: itself, or a temporary one that holds what its `tokenizer.model` or tiktoken file
/// becomes and the small files beside it.
///
/// @param made files that [#close] deletes, the folder last
record TokenizerFolder(Path path, List<Path> made) implements AutoCloseable {
  private static final List<String> SETTINGS = List.of("config.json", "generation_config.json");

  @MustBeClosed
  static TokenizerFolder of(Path folder) {
    if (!Files.isDirectory(folder) || Files.isRegularFile(folder.resolve("tokenizer.json"))) {
      return new TokenizerFolder(folder, List.of());
    }
    try (var files = Files.list(folder)) {
      if (files.noneMatch(f -> f.endsWith("tokenizer.model") || f.toString().endsWith(".tiktoken"))) {
        throw new DataException("no tokenizer.json in " + folder + ": a GGUF file carries its vocabulary; copy it there "
            + "(tokenizer.model or a .tiktoken file will do, too)");
      }
    } catch (IOException e) {
      throw new DataException("cannot list " + folder + ": " + e.getMessage(), e);
    }
    return converted(folder);
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static TokenizerFolder converted(Path folder) {
    try (var tokenizer = Tokenizer.load(folder)) {
      Path home = Files.createTempDirectory("jtorch-tokenizer");
      var result = new TokenizerFolder(home, new ArrayList<>());
      try {
        tokenizer.save(home);
        result.made.add(home.resolve("tokenizer.json"));
        for (var names : List.of(Pretrained.COMPANIONS, SETTINGS)) {
          for (String name : names) {
            result.copy(folder.resolve(name));
          }
        }
        result.made.add(home);
        return result;
      } catch (IOException | RuntimeException e) {
        result.made.add(home);
        result.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DataException("cannot convert the tokenizer of " + folder + ": " + e.getMessage(), e);
    }
  }

  private void copy(Path file) throws IOException {
    Path to = path.resolve(Objects.requireNonNull(file.getFileName()));
    if (Files.isRegularFile(file) && !Files.exists(to)) {
      Files.copy(file, to);
      made.add(to);
    }
  }

  @Override public void close() {
    for (Path p : made) {
      try {
        var _ = Files.deleteIfExists(p);
      } catch (IOException e) {
        throw new DataException("cannot delete the temporary " + p + ": " + e.getMessage(), e);
      }
    }
  }
}
