package org.jtorch.recipes.pretrain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;

/// Where a run keeps everything: the resolved recipe, tokens, metrics, checkpoints, the report and the model.
public record RunFolder(Path path) {
  public Path recipe() {
    return path.resolve("resolved.yaml");
  }

  public Path settings() {
    return path.resolve("run.json");
  }

  public Path data() {
    return path.resolve("data");
  }

  public Path metrics() {
    return path.resolve("metrics.jsonl");
  }

  public Path tensorboard() {
    return path.resolve("tensorboard");
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  public Path report() {
    return path.resolve("report.html");
  }

  /// The finished model, a Hugging Face folder.
  public Path model() {
    return path.resolve("model");
  }

  public void create() {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw new DataException("could not create the run folder " + path + ": " + e.getMessage(), e);
    }
  }

  /// Writes a small file whole or not at all.
  static void write(Path file, String text) {
    AtomicFile.write(file, text);
  }
}
