package org.jtorch.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Predicate;
import org.jtorch.family.StoredTensor;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.io.WeightReport;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A part's two files in a checkpoint: `<name>.safetensors` if it has tensors, `<name>.json` if it has facts.
final class StoredParts {
  private StoredParts() {}

  static void write(Path folder, String name, Saved part) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
      part.tensors().forEach((key, t) -> sources.put(key, StoredTensor.source(key, t, t.dtype())));
      if (!sources.isEmpty()) {
        SafeTensorsWriter.write(fresh(folder, name + ".safetensors"), sources);
      }
    }
    var facts = part.facts();
    if (!facts.isEmpty()) {
      JsonFile.write(fresh(folder, name + ".json"), facts);
    }
  }

  private static Path fresh(Path folder, String file) {
    if (Files.exists(folder.resolve(file))) {
      throw new IllegalArgumentException("a part cannot be called \"" + file.substring(0, file.lastIndexOf('.'))
          + "\": the model's folder has a " + file + " of its own; choose another name");
    }
    return folder.resolve(file);
  }

  static void restore(Path folder, String name, Saved part) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      restore(folder.resolve(name + ".safetensors"), part.tensors(), _ -> false);
    }
    Path facts = folder.resolve(name + ".json");
    var none = JsonFile.of(facts, JsonNodeFactory.instance.objectNode());
    part.restore(Files.exists(facts) ? JsonFile.open(facts) : none);
  }

  /// Copies what a file of another run holds under these names, if it holds all of them in these shapes and types.
  ///
  /// @return whether it does; if not, nothing is copied
  static boolean takeOver(Path file, SequencedMap<String, Tensor> into) {
    try (var stored = SafeTensors.open(file); var _ = TensorScope.open(); var _ = Grad.off()) {
      var names = stored.entries().keySet();
      boolean all = into.entrySet().stream().allMatch(mine -> names.contains(mine.getKey())
          && Arrays.equals(stored.get(mine.getKey()).shape(), mine.getValue().shape())
          && stored.get(mine.getKey()).dtype().equals(mine.getValue().dtype().name()));
      if (all) {
        into.forEach((name, t) -> {
          var entry = stored.get(name);
          t.detach().copyInPlace(Tensor.alias(entry.bytes(), DType.parse(entry.dtype()), entry.shape()));
        });
      }
      return all;
    }
  }

  /// Copies what a file, or a folder of shards, holds into these tensors.
  ///
  /// @param rounded which of them the file may hold in another type
  /// @throws DataException listing all missing, unexpected and misshapen names at once, or naming a tensor of another type
  static void restore(Path file, SequencedMap<String, Tensor> into, Predicate<String> rounded) {
    if (into.isEmpty() && !Files.exists(file)) {
      return;
    }
    try (var stored = SafeTensors.open(file); var _ = TensorScope.open(); var _ = Grad.off()) {
      var report = WeightReport.compare(into, Tensor::shape, stored, _ -> false);
      if (!report.clean()) {
        throw new DataException(report.render(file));
      }
      for (Map.Entry<String, Tensor> mine : into.entrySet()) {
        var entry = stored.get(mine.getKey());
        Tensor t = mine.getValue();
        if (!entry.dtype().equals(t.dtype().name()) && !rounded.test(mine.getKey())) {
          throw new DataException(file + ": " + mine.getKey() + " was saved as " + entry.dtype() + " but this run has "
              + t.dtype().name() + "; go on with the dtype that the run began with");
        }
        t.detach().copyInPlace(Tensor.alias(entry.bytes(), DType.parse(entry.dtype()), entry.shape()));
      }
    }
  }
}
