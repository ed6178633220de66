package org.jtorch.recipes.eval;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.ModelScorer;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.task.TextModel;
import org.jtorch.io.JsonFile;
import org.jtorch.recipes.generate.LocalModel;
import org.jtorch.text.Tokenizer;

/// A model folder, ready to be asked.
public final class EvalModel implements AutoCloseable {
  private final Path folder;
  private final LocalModel model;
  private final TextModel text;

  /// How a model runs.
  ///
  /// @param device as [LocalModel#open] reads it; so is dtype
  /// @param batch most rows that run together; 0 for what is usual on the device
  /// @param bos whether prompts begin with the tokenizer's own special tokens
  public record Place(String device, String dtype, int batch, boolean bos) {
    /// The best device, the file's type.
    public static final Place USUAL = new Place("best", "auto", 0, true);

    public Place {
      LocalModel.checkDtype(dtype);
      if (batch < 0) {
        throw new IllegalArgumentException("--batch must be >= 1 but was " + batch + "; 32 is usual");
      }
    }
  }

  private EvalModel(Path folder, LocalModel model, Place place) {
    this.folder = folder;
    this.model = model;
    var options = ModelScorer.Options.usual(model.model());
    if (place.batch > 0) {
      options = options.withRows(place.batch).withTokens(Integer.MAX_VALUE);
    }
    var encoder = new PromptEncoder(model.tokenizer(), place.bos, start(model.texts(), model));
    this.text = new TextModel(new ModelScorer(model.model(), options), encoder, model.stopTokens());
  }

  /// @throws org.jtorch.io.DataException if the folder, or a file in it, is missing or broken
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static EvalModel open(Path folder, Place place) {
    var model = LocalModel.open(folder, place.device, place.dtype);
    try {
      return new EvalModel(folder, model, place);
    } catch (RuntimeException | Error e) {
      model.close();
      throw e;
    }
  }

  /// BOS, or else EOS; -1 if there is neither.
  private static long start(Path folder, LocalModel model) {
    for (String file : new String[] {"tokenizer_config.json", "special_tokens_map.json"}) {
      for (String key : new String[] {"bos_token", "eos_token"}) {
        Integer id = named(folder.resolve(file), key, model.tokenizer());
        if (id != null) {
          return id;
        }
      }
    }
    return model.stopTokens().stream().mapToLong(Long::longValue).min().orElse(-1);
  }

  private static @Nullable Integer named(Path file, String key, Tokenizer tokenizer) {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    JsonNode node = JsonFile.open(file).node().path(key);
    JsonNode name = node.isObject() ? node.path("content") : node;
    return name.isTextual() ? tokenizer.id(name.textValue()) : null;
  }

  public TextModel text() {
    return text;
  }

  public Path folder() {
    return folder;
  }

  /// Where and in what type it runs, as in `cpu, f32`.
  public String place() {
    return model.place();
  }

  @Override public void close() {
    model.close();
  }
}
