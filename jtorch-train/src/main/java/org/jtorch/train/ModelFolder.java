package org.jtorch.train;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.adapter.Lora;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifier;
import org.jtorch.head.Classifiers;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.EncoderClassifier;
import org.jtorch.nn.Weight;

/// What is trained, as the folder that other programs load: a language model, a classifier or reward model, an adapter.
///
/// @param weights under their names in the folder
/// @param file where in the folder the weights lie; empty for model.safetensors or its shards
/// @param writer writes a whole folder
/// @param parts what else a resumed run needs of the model, by name; checkpoints keep it without being asked
public record ModelFolder(SequencedMap<String, Weight> weights, String file, Writer writer, SequencedMap<String, Saved> parts) {
  /// Writes into an existing folder.
  @FunctionalInterface
  public interface Writer {
    void write(Path folder);
  }

  /// A language model in the type that it has.
  ///
  /// @param companions folder whose tokenizer files go along, or null
  public static ModelFolder of(Decoder model, @Nullable Path companions) {
    return of(model.weights(), into -> Pretrained.save(model, into, model.dtype(), companions));
  }

  /// A classifier or reward model in the type that it has.
  ///
  /// @param companions folder whose tokenizer files go along, or null
  public static ModelFolder of(Classifier model, @Nullable Path companions) {
    var weights = switch (model) {
      case EncoderClassifier e -> e.weights();
      case DecoderClassifier d -> d.weights();
    };
    return of(weights, into -> Classifiers.save(model, into, model.dtype(), companions));
  }

  private static ModelFolder of(SequencedMap<String, Weight> weights, Writer writer) {
    return new ModelFolder(weights, "", writer, Collections.emptyNavigableMap());
  }

  /// An adapter, the head that trains along, and the stream of its dropout.
  ///
  /// @param base the model's name or folder for PEFT's file, or null
  public static ModelFolder of(Lora adapter, @Nullable String base) {
    var parts = new LinkedHashMap<String, Saved>();
    parts.put("dropout", Saved.of(adapter.random()));
    return new ModelFolder(adapter.savedWeights(), Lora.WEIGHTS, into -> adapter.save(into, base), parts);
  }

  /// Bytes of the weights.
  public long bytes() {
    return weights.values().stream().map(Weight::parameter).distinct()
        .filter(p -> !p.isGivenUp()).flatMap(p -> p.tensors().stream()).mapToLong(t -> t.bytes()).sum();
  }

  /// Brings the weights to what a folder holds. Those that stay float32 in a model of half precision are rounded there: their
  /// own values come with the optimizer, whose masters they are.
  void restore(Path folder) {
    StoredParts.restore(folder.resolve(file), new WeightState(weights).tensors(),
        name -> Objects.requireNonNull(weights.get(name)).parameter().isPrecise());
  }
}
