package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.TemplateFiles;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Models as Hugging Face folders: `config.json`, safetensors (one file, or shards with an index), tokenizer files
/// and `generation_config.json`. What is written loads in transformers.
public final class Pretrained {
  /// Files that travel with a model from folder to folder.
  public static final List<String> COMPANIONS = List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
      "tokenizer.model", "added_tokens.json", "chat_template.jinja", "vocab.json", "merges.txt");
  /// What a shard holds at most unless a caller says otherwise.
  public static final long SHARD_BYTES = 5L << 30;

  private Pretrained() {}

  /// The shape of the model in a folder.
  public static DecoderConfig config(Path folder) {
    return configFile(folder.resolve("config.json"));
  }

  /// The shape that a `config.json` describes.
  public static DecoderConfig configFile(Path file) {
    var json = JsonFile.open(file);
    try {
      return Families.of(json).read(json);
    } catch (IllegalArgumentException e) {
      throw new DataException(file + ": " + e.getMessage(), e);
    }
  }

  /// Loads a model; its weights take the dtype of the file unless one is given.
  ///
  /// @throws DataException listing all missing, unexpected and misshapen tensors at once
  @MustBeClosed
  public static Decoder load(Path folder, Device device, @Nullable DType dtype) {
    return load(config(folder), folder, device, dtype);
  }

  /// Loads weights for a shape that is known already.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder load(DecoderConfig config, Path weights, Device device, @Nullable DType dtype) {
    try (var file = SafeTensors.open(weights)) {
      var model = new Decoder(SharedWeights.shape(config, file));
      try {
        Loader.of(file, model).copy(device, dtype);
        return model;
      } catch (RuntimeException | Error e) {
        model.close();
        throw e;
      }
    }
  }

  /// The type that a folder's weights have.
  public static DType storedType(Path folder) {
    try (var model = new Decoder(config(folder)); var file = SafeTensors.open(folder)) {
      return StoredType.of(file, model.weights().keySet());
    }
  }

  /// Opens a model without reading it: the mapped file is its memory, so there is no second copy and pages are read when
  /// they are first used. It is on the CPU, in the type of the file, and frozen; [#load] makes one that can be trained.
  ///
  /// Copied is only what cannot be used as it lies: stacked biases, weights of another type than the first, norm weights in
  /// half precision (they are float32 here), and those at odd places. Experts lie in the file one by one and are multiplied one by one; on a tape they are put together anew each time.
  ///
  /// The file must not change while the model is open; JTorch's own writers replace files by renaming.
  ///
  /// @throws DataException listing all missing, unexpected and misshapen tensors at once
  @MustBeClosed
  public static Decoder open(Path folder) {
    return open(config(folder), folder);
  }

  /// Opens weights for a shape that is known already.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static Decoder open(DecoderConfig config, Path weights) {
    var file = SafeTensors.open(weights);
    Decoder model;
    Loader loader;
    try {
      model = new Decoder(SharedWeights.shape(config, file));
      loader = Loader.of(file, model);
    } catch (RuntimeException | Error e) {
      file.close();
      throw e;
    }
    loader.map();                              // from here on the model closes the file
    return model;
  }

  /// Copies a stored tensor into a weight of the same shape, converting its type.
  ///
  /// @throws DataException if it holds a number that the weight's type cannot
  public static void copy(SafeTensors.Entry entry, Weight into) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Loader.copy(entry, into.view());
    }
  }

  /// A stored tensor in its own type, in place where its address allows; it must not outlive the file.
  public static Tensor stored(SafeTensors.Entry entry) {
    return Loader.stored(entry);
  }

  /// Writes a model into an existing folder.
  ///
  /// @param dtype the type in the file
  /// @param companions a folder whose tokenizer files, settings for generation and special token ids go along, or null
  /// @throws IllegalArgumentException if the family's `config.json` cannot say what this model is, naming the setting
  public static void save(Decoder model, Path folder, DType dtype, @Nullable Path companions) {
    save(model, folder, dtype, companions, SHARD_BYTES);
  }

  /// The same in files of at most `shardBytes` of weights each; a single weight above that has a file of its own.
  public static void save(Decoder model, Path folder, DType dtype, @Nullable Path companions, long shardBytes) {
    save(model.config(), weights(model, dtype), folder, dtype, companions, shardBytes);
  }

  /// Writes weights that come from elsewhere (float32 masters, an average) under the model's names.
  public static void save(DecoderConfig config, SequencedMap<String, SafeTensorsWriter.Source> weights, Path folder, DType dtype,
      @Nullable Path companions) {
    save(config, weights, folder, dtype, companions, SHARD_BYTES);
  }

  private static void save(DecoderConfig config, SequencedMap<String, SafeTensorsWriter.Source> weights, Path folder, DType dtype,
      @Nullable Path companions, long shardBytes) {
    var json = json(config, dtype);
    TokenIds.into(json, companions);
    JsonFile.write(folder.resolve("config.json"), json);
    SafeTensorsWriter.writeSharded(folder, weights, shardBytes);
    if (companions != null && TokenIds.saysMore(companions)) {
      copyFile(companions.resolve(TokenIds.GENERATION), folder);
    } else {
      JsonFile.write(folder.resolve(TokenIds.GENERATION), TokenIds.generation(json));
    }
    for (String name : COMPANIONS) {
      if (companions != null && Files.exists(companions.resolve(name))) {
        copyFile(companions.resolve(name), folder);
      }
    }
    if (companions != null) {
      TemplateFiles.copyOthers(companions, folder);
    }
  }

  private static SequencedMap<String, SafeTensorsWriter.Source> weights(Decoder model, DType dtype) {
    var map = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    model.weights().forEach((name, w) -> map.put(name, StoredTensor.source(w, dtype)));
    return map;
  }

  static ObjectNode json(DecoderConfig config, DType dtype) {
    return ConfigJson.of(config, dtype);
  }

  private static void copyFile(Path file, Path folder) {
    AtomicFile.copy(file, folder.resolve(file.getFileName()));
  }
}
