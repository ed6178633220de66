package org.jtorch.recipes.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import picocli.CommandLine.Option;

/// What `generate` and `chat` take beside the model's folder.
final class ModelArgs {
  @Option(names = "--adapter", paramLabel = "FOLDER",
      description = "A LoRA adapter to put on the model: a folder of PEFT's or of JTorch's.")
  @Nullable Path adapter;

  @Option(names = "--chat-template", paramLabel = "FILE", description = "A Jinja template for conversations, instead of the folder's own.")
  @Nullable Path chatTemplate;

  /// Refuses what is not there before a model is loaded.
  void check() {
    if (adapter != null && !Files.isDirectory(adapter)) {
      throw new DataException("adapter folder not found: " + adapter
          + "; give a folder with adapter_config.json and adapter_model.safetensors");
    }
    if (chatTemplate != null && !Files.isRegularFile(chatTemplate)) {
      throw new DataException("chat template not found: " + chatTemplate
          + "; give a file with a Jinja template, such as chat_template.jinja");
    }
  }
}
