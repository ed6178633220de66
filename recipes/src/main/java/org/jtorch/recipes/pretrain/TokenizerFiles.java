package org.jtorch.recipes.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;

/// Copies a tokenizer and the files that travel with it.
final class TokenizerFiles {
  private TokenizerFiles() {}

  static void copy(Path tokenizer, Path home) {
    Path folder = Files.isDirectory(tokenizer) ? tokenizer : tokenizer.toAbsolutePath().getParent();
    if (folder == null || !Files.exists(folder.resolve("tokenizer.json"))) {
      throw new DataException("no tokenizer.json at " + tokenizer + "; give the file or the folder that holds it");
    }
    try {
      Files.createDirectories(home);
      for (String name : Pretrained.COMPANIONS) {
        if (Files.exists(folder.resolve(name))) {
          Files.copy(folder.resolve(name), home.resolve(name));
        }
      }
    } catch (IOException e) {
      throw new DataException("could not copy the tokenizer from " + folder + ": " + e.getMessage(), e);
    }
  }
}
