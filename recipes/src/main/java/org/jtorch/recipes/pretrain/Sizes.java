package org.jtorch.recipes.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// Sizes on disk.
final class Sizes {
  private Sizes() {}

  /// Bytes of all files below a folder; 0 if it cannot be read.
  static long of(Path folder) {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(p -> p.toFile().length()).sum();
    } catch (IOException _) {
      return 0;
    }
  }
}
