package org.jtorch.adapter;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.errorprone.annotations.MustBeClosed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.CausalLm;
import org.jtorch.family.Pretrained;
import org.jtorch.family.StoredTensor;
import org.jtorch.head.Classifier;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.io.WeightReport;
import org.jtorch.nn.Module;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;

/// PEFT's folders: `adapter_config.json` and `adapter_model.safetensors`.
final class PeftFiles {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";

  /// PEFT's name for classifiers.
  static final String SEQUENCES = "SEQ_CLS";

  private PeftFiles() {}

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  static Lora loadLora(Module model, Path folder) {
    var json = JsonFile.open(folder.resolve(CONFIG));
    var config = LoraJson.read(json);
    Lora lora;
    try {
      lora = Lora.declare(model, config, 0);
    } catch (IllegalArgumentException e) {
      throw new DataException(json.path() + ": " + e.getMessage() + madeFor(json), e);
    }
    Path file = weights(folder);
    try (var stored = SafeTensors.open(file)) {
      var wanted = new LinkedHashMap<String, Weight>(lora.weights());
      var head = lora.headWeights();
      if (json.has("modules_to_save") || head.keySet().stream().anyMatch(stored.entries()::containsKey)) {
        wanted.putAll(head);
      }
      var stacked = StackedExperts.parameters(json).isEmpty() ? null : new StackedExperts(json, wanted);
      var report = stacked == null ? WeightReport.compare(wanted, Weight::shape, stored, _ -> false)
          : WeightReport.compare(stacked.shapes(), s -> s, stored, _ -> false);
      if (!report.clean()) {
        throw new DataException(report.render(file) + madeFor(json));
      }
      DType type = Lora.adapterType(model);
      lora.allocate((_, shape) -> Ops.empty(type, Lora.device(model), shape));
      lora.start();
      if (stacked == null) {
        wanted.forEach((name, w) -> Pretrained.copy(stored.get(name), w));
      } else {
        stacked.copy(stored);
      }
      return lora;
    } catch (RuntimeException e) {
      lora.close();
      throw e;
    }
  }

  static Path weights(Path folder) {
    Path file = folder.resolve(WEIGHTS);
    if (!Files.exists(file) && Files.exists(folder.resolve("adapter_model.bin"))) {
      throw new DataException(folder + " holds adapter_model.bin, which is a Python pickle and may run code; convert it to "
          + WEIGHTS + " with PEFT's save_pretrained");
    }
    return file;
  }

  /// The model that the adapter says it belongs to.
  static String madeFor(JsonFile json) {
    String base = json.optString("base_model_name_or_path", "");
    return base.isEmpty() ? "" : " The adapter was made for \"" + base + "\".";
  }

  static void saveLora(Lora lora, Path folder, @Nullable String base) {
    var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    lora.savedWeights().forEach((name, w) -> sources.put(name, source(w)));
    save(folder, LoraJson.write(lora.config(), base, lora.task()), sources);
  }

  static void save(Path folder, ObjectNode config, SequencedMap<String, SafeTensorsWriter.Source> tensors) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new DataException("cannot make the folder " + folder + ": " + e.getMessage(), e);
    }
    SafeTensorsWriter.write(folder.resolve(WEIGHTS), tensors, Map.of("format", "pt"));
    JsonFile.write(folder.resolve(CONFIG), config);
  }

  private static SafeTensorsWriter.Source source(Weight w) {
    DType type = w.view().dtype() == DType.F64 ? DType.F32 : w.view().dtype();
    return StoredTensor.source(w, type);
  }

  /// PEFT's name for what a model is for; null for a bare encoder.
  static @Nullable String task(Module model) {
    return switch (model) {
      case Classifier _ -> SEQUENCES;
      case CausalLm _ -> "CAUSAL_LM";
      default -> null;
    };
  }

  static ObjectNode header(String type, @Nullable String base, @Nullable String task) {
    var node = JsonNodeFactory.instance.objectNode();
    node.put("peft_type", type);
    node.put("task_type", task);
    node.put("base_model_name_or_path", base);
    node.put("inference_mode", true);
    node.putNull("revision");
    return node;
  }
}
