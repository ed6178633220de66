package org.jtorch.corpus;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Copies a tokenizer and the files that travel with it; one of another format becomes a `tokenizer.json`.
public final class TokenizerFiles {
  private TokenizerFiles() {}

  /// Copies what is not there yet.
  public static void copy(Path tokenizer, Path home) {
    Path folder = Files.isDirectory(tokenizer) ? tokenizer : tokenizer.toAbsolutePath().getParent();
    if (folder == null) {
      throw new DataException("no tokenizer at " + tokenizer + "; give the file or the folder that holds it");
    }
    try {
      Files.createDirectories(home);
      if (!Files.exists(folder.resolve("tokenizer.json"))) {
        try (var converted = Tokenizer.load(tokenizer)) {
          converted.save(home);
        }
      }
      for (String name : Pretrained.COMPANIONS) {
        if (Files.exists(folder.resolve(name)) && !Files.exists(home.resolve(name))) {
          Files.copy(folder.resolve(name), home.resolve(name));
        }
      }
    } catch (IOException e) {
      throw new DataException("could not copy the tokenizer from " + folder + ": " + e.getMessage(), e);
    }
  }
}
