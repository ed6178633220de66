package org.jtorch.head;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.encoder.Roberta;
import org.jtorch.family.Pretrained;
import org.jtorch.family.SharedWeights;
import org.jtorch.family.StoredTensor;
import org.jtorch.family.StoredType;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.io.WeightReport;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;

/// The weights and configurations of classifiers in files.
final class ClassifierWeights {
  private static final long SHARD_BYTES = 5L << 30;

  private ClassifierWeights() {}

  /// What an encoder or decoder calls things by, and what its head does.
  private static String head(Classifier model) {
    return switch (model) {
      case EncoderClassifier _ -> EncoderClassifier.HEAD;
      case DecoderClassifier _ -> DecoderClassifier.HEAD;
    };
  }

  private static Module module(Classifier model) {
    return switch (model) {
      case EncoderClassifier e -> e;
      case DecoderClassifier d -> d;
    };
  }

  /// Fills a declared model from a file.
  ///
  /// @param fresh begins the head anew with these numbers, whatever the file has
  static Classifier load(Classifier model, Path weights, Device device, @Nullable DType dtype, Optional<Rng> fresh) {
    try (var file = SafeTensors.open(weights)) {
      var wanted = module(model).weights();
      var begun = new LinkedHashMap<String, Weight>();
      fresh.ifPresent(_ -> wanted.forEach((name, w) -> {
        if (name.startsWith(head(model))) {
          begun.put(name, w);
        }
      }));
      begun.keySet().forEach(wanted::remove);
      var names = namesInFile(model, wanted, file);
      check(model, wanted, names, file, weights, fresh.isPresent());
      DType type = dtype != null ? dtype
          : StoredType.of(file, wanted.keySet().stream().map(n -> names.getOrDefault(n, n)).toList());
      fill(module(model), begun, device, type, fresh);
      wanted.forEach((name, w) -> Pretrained.copy(file.get(names.getOrDefault(name, name)), w));
      return model;
    } catch (RuntimeException | Error e) {         // keep nothing that is filled half way
      model.close();
      throw e;
    }
  }

  private static void fill(Module model, SequencedMap<String, Weight> begun, Device device, DType type, Optional<Rng> rng) {
    Set<Parameter> fresh = Collections.newSetFromMap(new IdentityHashMap<>());
    begun.values().forEach(w -> fresh.add(w.parameter()));
    model.allocate((p, shape) -> fresh.contains(p) ? p.init().make(rng.orElseThrow(), p.typeIn(type), device, shape)
        : Ops.empty(p.typeIn(type), device, shape));
  }

  /// A bare encoder's file has names without the trunk's; a decoder's may have stored a tied embedding as the head's.
  private static Map<String, String> namesInFile(Classifier model, SequencedMap<String, Weight> wanted,
      SafeTensors file) {
    boolean tied = model instanceof DecoderClassifier d && d.config().tied();
    var names = SharedWeights.names(file, wanted.keySet(), tied);
    if (model instanceof EncoderClassifier) {
      String prefix = EncoderClassifier.TRUNK + ".";
      boolean bare = file.entries().keySet().stream().noneMatch(n -> n.startsWith(prefix));
      wanted.keySet().stream().filter(n -> bare && n.startsWith(prefix)).forEach(n -> names.put(n, n.substring(prefix.length())));
    }
    return names;
  }

  private static void check(Classifier model, SequencedMap<String, Weight> wanted, Map<String, String> names,
      SafeTensors file, Path source, boolean otherHead) {
    var report = WeightReport.compare(wanted, Weight::shape, names, file,
        n -> buffer(n) || (otherHead && (ofHead(n) || n.startsWith(head(model)))));
    if (!report.clean()) {
      throw new DataException(report.render(source) + labelHint(model, report.misshapen()));
    }
  }

  private static String labelHint(Classifier model, List<WeightReport.Misshapen> misshapen) {
    return misshapen.stream().filter(m -> m.name().startsWith(head(model))
        && m.expected()[0] == model.labels().count()).findFirst()
        .map(m -> " `config.json` has " + model.labels().count() + " labels (`id2label` or `num_labels`), the stored head "
            + m.found()[0] + ".").orElse("");
  }

  /// Tables that old checkpoints stored, and an encoder's pooling layer, which its classifiers do not use.
  private static boolean buffer(String name) {
    return name.endsWith("rotary_emb.inv_freq") || name.endsWith("embeddings.position_ids") || name.contains("pooler.dense.");
  }

  /// Heads that a pretrained model may have had before.
  private static boolean ofHead(String name) {
    return name.startsWith("lm_head.");
  }

  static void save(Classifier model, Path folder, DType dtype, @Nullable Path companions) {
    var weights = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    module(model).weights().forEach((name, w) -> weights.put(name, StoredTensor.source(w, dtype)));
    switch (model) {
      case DecoderClassifier d -> {
        Pretrained.save(d.config(), weights, folder, dtype, companions);
        var json = (ObjectNode) JsonFile.open(folder.resolve(Classifiers.CONFIG)).node();
        String causal = json.path("architectures").path(0).asText();          // as the family wrote it
        json.putArray("architectures").add(causal.replace("ForCausalLM", Classifiers.ARCHITECTURE));
        if (d.padToken() != null) {
          json.put("pad_token_id", d.padToken());
        }
        d.labels().write(json);
        JsonFile.write(folder.resolve(Classifiers.CONFIG), json);
        delete(folder.resolve("generation_config.json"));
      }
      case EncoderClassifier e -> {
        var json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(Roberta.architecture(e.config(), Classifiers.ARCHITECTURE));
        Roberta.write(e.config(), json);
        json.put("dtype", dtype.hfName()).put("torch_dtype", dtype.hfName());
        e.labels().write(json);
        JsonFile.write(folder.resolve(Classifiers.CONFIG), json);
        SafeTensorsWriter.writeSharded(folder, weights, SHARD_BYTES);
        copyCompanions(companions, folder);
      }
    }
  }

  private static void copyCompanions(@Nullable Path companions, Path folder) {
    for (String name : Pretrained.COMPANIONS) {
      Path file = companions == null ? null : companions.resolve(name);
      if (file != null && Files.exists(file)) {
        AtomicFile.copy(file, folder.resolve(name));
      }
    }
  }

  private static void delete(Path file) {
    try {
      var _ = Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new DataException("could not delete " + file + ": " + e.getMessage(), e);
    }
  }
}
