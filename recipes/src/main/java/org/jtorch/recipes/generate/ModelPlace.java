package org.jtorch.recipes.generate;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Where the parts of a model lie. A model's folder has all of them; an adapter's names the model that it was made for; a run's has one of the
/// two.
///
/// @param weights the folder of configuration and weights
/// @param texts the folder of tokenizer, chat template and stop tokens: an adapter's, if it has them
/// @param adapter goes on the weights; null for none
public record ModelPlace(Path weights, Path texts, @Nullable Path adapter) {
  private static final String CONFIG = "config.json";
  private static final String ADAPTER = "adapter_config.json";
  private static final String BASE = "base_model_name_or_path";

  /// @param folder of a model, of an adapter, or of a run that left one
  /// @param adapter to put on it; null for none
  /// @throws DataException if the folder, or the model of an adapter, is not there
  public static ModelPlace of(Path folder, @Nullable Path adapter) {
    Path found = Files.isDirectory(folder) ? left(folder) : folder;
    if (!Files.isDirectory(found)) {
      throw new DataException("model folder not found: " + folder + "; give a folder with config.json, model.safetensors and tokenizer.json");
    }
    if (!isAdapter(found)) {
      return new ModelPlace(found, adapter != null && hasTexts(adapter) ? adapter : found, adapter);
    }
    if (adapter != null) {
      throw new IllegalArgumentException(found + " is an adapter itself; give the folder of the model and --adapter " + adapter);
    }
    Path base = base(found);
    return new ModelPlace(base, hasTexts(found) ? found : base, found);
  }

  /// What the run in a folder has left; the folder itself if it holds no run.
  private static Path left(Path folder) {
    if (Files.exists(folder.resolve(CONFIG)) || !Files.exists(folder.resolve("resolved.yaml"))) {
      return folder;
    }
    for (String name : new String[] {"model", "adapter"}) {
      if (Files.isDirectory(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    throw new DataException(folder + " holds a run that has left no model" + (Files.isDirectory(folder.resolve("stages"))
        ? " of its own; name one of its stages, " + folder.resolve("stages").resolve("NAME") : " so far; finish it first"));
  }

  private static boolean isAdapter(Path folder) {
    return Files.exists(folder.resolve(ADAPTER)) && !Files.exists(folder.resolve(CONFIG));
  }

  private static Path base(Path adapter) {
    String name = JsonFile.open(adapter.resolve(ADAPTER)).optString(BASE, "");
    if (name.isEmpty() || !Files.isDirectory(Path.of(name))) {
      throw new DataException(adapter + " is an adapter, and the model that it was made for "
          + (name.isEmpty() ? "is not named in it" : "(\"" + name + "\") is not there") + "; give the folder of the model and --adapter " + adapter);
    }
    return Path.of(name);
  }

  private static boolean hasTexts(Path folder) {
    return Files.exists(folder.resolve("tokenizer.json"));
  }
}
