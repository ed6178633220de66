package org.jtorch.adapter;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.family.Pretrained;
import org.jtorch.family.StoredTensor;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;

/// PEFT's folders of virtual tokens and prefixes: one tensor, `prompt_embeddings`.
final class PromptFiles implements AutoCloseable {
  private static final String TENSOR = "prompt_embeddings";
  private final Path path;
  private final JsonFile json;
  private final SafeTensors weights;

  @SuppressWarnings("MustBeClosedChecker")     // close() closes it
  private PromptFiles(JsonFile json, Path path) {
    this.json = json;
    this.path = path;
    this.weights = SafeTensors.open(path);
  }

  /// @param types the values of `peft_type` that fit
  @MustBeClosed
  static PromptFiles open(Path folder, String... types) {
    var json = JsonFile.open(folder.resolve(PeftFiles.CONFIG));
    String type = json.requiredString("peft_type");
    if (!List.of(types).contains(type)) {
      throw new DataException(json.path() + ": key 'peft_type' is \"" + type + "\", but " + String.join(" or ", types)
          + " is needed here; Lora, VirtualTokens and PrefixTuning load LORA, P_TUNING or PROMPT_TUNING, and PREFIX_TUNING");
    }
    if (json.optInt("num_transformer_submodules", 1) != 1) {
      throw new DataException(json.path() + ": key 'num_transformer_submodules' is "
          + json.requiredInt("num_transformer_submodules") + "; only 1 is supported");
    }
    return new PromptFiles(json, PeftFiles.weights(folder));
  }

  int count() {
    int n = json.requiredInt("num_virtual_tokens");
    if (n < 1) {
      throw new DataException(json.path() + ": key 'num_virtual_tokens' must be >= 1 but is " + n);
    }
    return n;
  }

  /// The stored rows, which must not outlive the file. `[n, width]`
  Tensor embeddings(long width) {
    var entry = weights.get(TENSOR);
    if (!Arrays.equals(entry.shape(), new long[] {count(), width})) {
      throw new DataException(path + " does not fit the model: " + TENSOR + " should be [" + count() + ", " + width + "] but is "
          + Arrays.toString(entry.shape()) + "." + PeftFiles.madeFor(json));
    }
    return Pretrained.stored(entry);
  }

  /// Virtual tokens.
  static void save(Path folder, String type, Tensor rows, int dim, @Nullable String base, @Nullable String task) {
    ObjectNode node = PeftFiles.header(type, base, task);
    node.put("num_virtual_tokens", rows.size(0));
    node.put("token_dim", dim);
    node.put("num_transformer_submodules", 1);
    if (type.equals("P_TUNING")) {
      node.put("encoder_reparameterization_type", "MLP");
      node.put("encoder_hidden_size", dim);
      node.put("encoder_num_layers", 2);
      node.put("encoder_dropout", 0.0);
    }
    save(folder, node, rows);
  }

  /// A prefix.
  static void save(Path folder, Tensor rows, int heads, int width, int layers, @Nullable String base, @Nullable String task) {
    if (rows.size(1) != 2L * width * layers) {
      throw new IllegalArgumentException("the layers of this model have keys of different widths, which the format does not know");
    }
    ObjectNode node = PeftFiles.header("PREFIX_TUNING", base, task);
    node.put("num_virtual_tokens", rows.size(0));
    node.put("token_dim", width);
    node.put("num_attention_heads", heads);
    node.put("num_layers", layers);
    node.put("num_transformer_submodules", 1);
    node.put("prefix_projection", false);
    save(folder, node, rows);
  }

  private static void save(Path folder, ObjectNode config, Tensor rows) {
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    tensors.put(TENSOR, StoredTensor.source(TENSOR, rows, DType.F32));
    PeftFiles.save(folder, config, tensors);
  }

  @Override public void close() {
    weights.close();
  }
}
