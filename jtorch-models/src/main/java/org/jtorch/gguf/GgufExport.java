package org.jtorch.gguf;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.gguf.GgufWriter.Value;

/// A decoder as a GGUF file, as llama.cpp's own converter writes it: the same architecture names, metadata, tensor names
/// and layouts.
///
/// ```java
/// try (var model = Pretrained.open(folder)) {
///   GgufExport.write(model, folder, Path.of("model.gguf"), GgufType.Q8_0).forEach(System.err::println);
/// }
/// ```
public final class GgufExport {
  /// The layout of quantized blocks that [GgufType#Q8_0] has.
  private static final int QUANTIZATION_VERSION = 2;

  private GgufExport() {}

  /// Writes a model. Norms, biases and routers stay in f32; rows that [GgufType#Q8_0] cannot hold become f16.
  ///
  /// @param tokenizer a folder with `tokenizer.json`; null writes a file without a vocabulary
  /// @return what the file does not carry or carries otherwise, for the user; empty if it is all there
  /// @throws IllegalArgumentException if no architecture of llama.cpp computes this model
  /// @throws org.jtorch.io.DataException if the tokenizer is broken or the disk is full
  public static List<String> write(Decoder model, @Nullable Path tokenizer, Path file, GgufType type) {
    var architecture = Architecture.of(model.config());
    SequencedMap<String, Value> metadata = new LinkedHashMap<>();
    metadata.put("general.architecture", new Value.Text(architecture.name()));
    metadata.put("general.type", new Value.Text("model"));
    metadata.put("general.name", new Value.Text(String.valueOf(file.getFileName()).replaceFirst("\\.gguf$", "")));
    metadata.put("general.file_type", new Value.U32(type.fileType));
    metadata.put("general.quantization_version", new Value.U32(QUANTIZATION_VERSION));
    architecture.describe(metadata);
    if (tokenizer == null) {
      metadata.put("tokenizer.ggml.model", new Value.Text("no_vocab"));
    } else {
      architecture.notes().addAll(Vocabulary.describe(tokenizer, model.vocabSize(), metadata));
    }
    GgufWriter.write(file, metadata, TensorTable.of(model, architecture, type));
    return List.copyOf(architecture.notes());
  }
}
