package org.jtorch.recipes.align;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;

/// Rows that a stage makes up, as later ones read them.
final class MadeUp {
  /// Where they lie in the stage's folder.
  static final Path LEFT = Path.of("chats");

  private MadeUp() {}

  static void write(Path folder, List<String> rows) {
    AtomicFolder.publish(folder, into -> {
      Path file = into.resolve("rows.jsonl");
      try {
        Files.write(file, rows);
      } catch (IOException e) {
        throw new DataException("could not write " + file + ": " + e.getMessage(), e);
      }
    });
  }
}
