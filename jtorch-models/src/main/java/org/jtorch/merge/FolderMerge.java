package org.jtorch.merge;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.TemplateFiles;
import org.jtorch.family.Pretrained;
import org.jtorch.family.StoredTensor;
import org.jtorch.family.StoredType;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;

/// Merges the models of several folders into a new folder, tensor by tensor: the files are mapped, and memory holds one weight of each.
///
/// ```java
/// new FolderMerge(Linear.uniform(2), List.of(runA, runB), null, false).write(Path.of("soup"), null);
/// ```
///
/// Any safetensors folders will do, language models, classifiers and reward models, as long as their configurations, their tensors' names
/// and shapes, and their tokenizers are the same. Configuration, tokenizer and chat template are the first model's.
///
/// @param base the model that they started from; null for methods that need none
/// @param anyTokenizer merge even if tokenizers differ, which makes sense only if their ids mean the same
public record FolderMerge(MergeMethod method, List<Path> models, @Nullable Path base, boolean anyTokenizer) {
  private static final String CONFIG = "config.json";
  private static final String GENERATION = "generation_config.json";

  public FolderMerge {
    models = List.copyOf(models);
    method.requireModels(models.size());
  }

  /// Writes the merged model.
  ///
  /// @param out a folder that does not exist
  /// @param dtype of the weights in the file; null for that of the first model
  /// @throws DataException if the folders do not fit together, saying where
  public void write(Path out, @Nullable DType dtype) {
    write(out, dtype, _ -> {});
  }

  /// The same.
  ///
  /// @param note hears what is odd about the models
  public void write(Path out, @Nullable DType dtype, Consumer<String> note) {
    SameModels.require(folders(), anyTokenizer);
    var files = new ArrayList<SafeTensors>();
    try {
      folders().forEach(f -> files.add(open(f)));
      SameModels.requireTensors(files);
      var first = files.getFirst();
      DType stored = dtype != null ? dtype : StoredType.of(first, first.entries().keySet());
      var sources = sources(files, stored, note);
      AtomicFolder.publish(out, sources.values().stream().mapToLong(SafeTensorsWriter.Source::byteSize).sum(), into -> {
        SafeTensorsWriter.writeSharded(into, sources, Pretrained.SHARD_BYTES);
        config(into, stored);
        companions(into);
      });
    } finally {
      files.forEach(SafeTensors::close);
    }
  }

  /// The models, then the base.
  private List<Path> folders() {
    return base == null ? models : Stream.concat(models.stream(), Stream.of(base)).toList();
  }

  @SuppressWarnings("MustBeClosedChecker")                       // write() closes it
  private static SafeTensors open(Path folder) {
    return SafeTensors.open(folder);
  }

  private SequencedMap<String, SafeTensorsWriter.Source> sources(List<SafeTensors> files, DType stored, Consumer<String> note) {
    var entries = files.getFirst().entries();
    var merging = merging(files);
    merging.warnings().forEach(note);
    var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    entries.forEach((name, entry) -> sources.put(name, isFloating(entry) ? merged(merging, entry, stored)
        : new SafeTensorsWriter.Source(entry.dtype(), entry.shape(), entry::bytes)));        // counters and masks are the first model's
    return sources;
  }

  private Merging merging(List<SafeTensors> files) {
    var floating = new LinkedHashSet<String>();
    files.getFirst().entries().forEach((name, entry) -> {
      if (isFloating(entry)) {
        floating.add(name);
      }
    });
    var weights = files.stream().<Merging.Weights>map(f -> name -> Pretrained.stored(f.get(name))).toList();
    return new Merging(method, weights.subList(0, models.size()), base == null ? null : weights.getLast(), floating);
  }

  /// The angles between what the models have beyond the base, see [Merging#angles].
  public SequencedMap<String, double[][]> angles() {
    var files = new ArrayList<SafeTensors>();
    try {
      folders().forEach(f -> files.add(open(f)));
      SameModels.requireTensors(files);
      return merging(files).angles();
    } finally {
      files.forEach(SafeTensors::close);
    }
  }

  private static SafeTensorsWriter.Source merged(Merging merging, SafeTensors.Entry entry, DType stored) {
    return new SafeTensorsWriter.Source(stored.name(), entry.shape(), (SafeTensorsWriter.Out out) -> {
      try (var _ = TensorScope.open()) {
        StoredTensor.source(entry.name(), merging.weight(entry.name()), stored).content().writeTo(out);
      }
    });
  }

  private static boolean isFloating(SafeTensors.Entry entry) {
    return DType.parse(entry.dtype()).isFloating();
  }

  private void config(Path into, DType stored) {
    var config = JsonFile.open(models.getFirst().resolve(CONFIG));
    if (config.node() instanceof ObjectNode node) {
      for (String key : List.of("torch_dtype", "dtype")) {
        if (node.has(key)) {
          node.put(key, name(stored));
        }
      }
      JsonFile.write(into.resolve(CONFIG), node);
    }
  }

  /// As PyTorch calls a type.
  private static String name(DType type) {
    return switch (type) {
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case F64 -> "float64";
      default -> "float32";
    };
  }

  private void companions(Path into) {
    Path from = models.getFirst();
    Stream.concat(Pretrained.COMPANIONS.stream(), Stream.of(GENERATION)).map(from::resolve).filter(Files::isRegularFile)
        .forEach(file -> AtomicFile.copy(file, into.resolve(file.getFileName())));
    TemplateFiles.copyOthers(from, into);
  }
}
