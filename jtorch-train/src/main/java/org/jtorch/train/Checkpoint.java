package org.jtorch.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.Pretrainer.Progress;

/// Checkpoints of a run: each is a folder `step-00001000` that transformers loads, plus `optimizer.safetensors` and
/// `trainer.json`, which bring the run back to the same bits.
///
/// Written to a temporary place, synced, renamed, with a manifest of checksums; verified before use. A damaged one is
/// passed over for the one before it, with a note.
///
/// @param folder where the checkpoints lie
/// @param companions folder whose tokenizer files go along, or null
/// @param keep how many of the newest stay; 0 keeps all
public record Checkpoint(Path folder, @Nullable Path companions, int keep) {
  private static final String PREFIX = "step-";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String TRAINER = "trainer.json";

  /// Writes a checkpoint, in the place of a damaged one if need be, and removes those that need not stay.
  ///
  /// @return its folder
  public Path save(Decoder model, Optimizer optimizer, SpikeGuard spikes, Progress progress, long seed) {
    Path target = folder.resolve("%s%08d".formatted(PREFIX, progress.step()));
    if (Files.exists(target)) {
      if (isWhole(target)) {
        return target;                               // a stop right after a save
      }
      delete(target);                                // the run went on from the one before it
    }
    long estimate = model.parameterCount() * 16 + (1 << 20);
    AtomicFolder.publish(target, estimate, into -> {
      Pretrained.save(model, into, model.dtype(), companions);
      SafeTensorsWriter.write(into.resolve(OPTIMIZER), states(optimizer));
      writeTrainer(into.resolve(TRAINER), spikes, progress, seed);
    });
    prune();
    return target;
  }

  private static LinkedHashMap<String, SafeTensorsWriter.Source> states(Optimizer optimizer) {
    var map = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    optimizer.state().forEach((name, t) -> map.put(name,
        new SafeTensorsWriter.Source(t.dtype().name(), t.shape(), () -> Pretrained.bytes(t, t.dtype()))));
    return map;
  }

  private static void writeTrainer(Path file, SpikeGuard spikes, Progress progress, long seed) {
    var node = JsonNodeFactory.instance.objectNode();
    node.put("step", progress.step()).put("tokens", progress.tokens()).put("loss", Double.toString(progress.loss())).put("seed", seed);
    var norms = node.putArray("spike_guard");
    spikes.state().forEach(d -> norms.add(Double.toString(d)));
    JsonFile.write(file, node);
  }

  private static boolean isWhole(Path checkpoint) {
    try {
      AtomicFolder.verify(checkpoint);
      return true;
    } catch (DataException _) {
      return false;
    }
  }

  /// The newest checkpoint that is whole; `note` hears of damaged ones.
  public Optional<Path> newest(Consumer<String> note) {
    return Files.isDirectory(folder) ? AtomicFolder.newestValid(folder, PREFIX, note) : Optional.empty();
  }

  /// Brings model, optimizer and spike guard to the state of a checkpoint, to the bit.
  public static Progress restore(Path checkpoint, Decoder model, Optimizer optimizer, SpikeGuard spikes, long seed) {
    try (var weights = SafeTensors.open(checkpoint); var states = SafeTensors.open(checkpoint.resolve(OPTIMIZER))) {
      model.weights().forEach((name, w) -> Pretrained.copy(weights.get(name), w));
      try (var _ = TensorScope.open()) {
        optimizer.load(name -> alias(states.get(name)));
      }
    }
    var json = JsonFile.open(checkpoint.resolve(TRAINER));
    if (json.requiredLong("seed") != seed) {
      throw new IllegalArgumentException(checkpoint + " was made with seed " + json.requiredLong("seed") + ", this run has seed "
          + seed + "; the data would come in another order. Use the same seed, or another run folder");
    }
    spikes.restore(json.requiredStrings("spike_guard").stream().map(Double::valueOf).toList());
    return new Progress(json.requiredLong("step"), json.requiredLong("tokens"), Double.parseDouble(json.requiredString("loss")));
  }

  private static Tensor alias(SafeTensors.Entry entry) {
    return Tensor.alias(entry.bytes(), DType.parse(entry.dtype()), entry.shape());
  }

  private void prune() {
    if (keep == 0) {
      return;
    }
    List<Path> all = all();
    for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
      delete(old);
    }
  }

  /// Finished checkpoints, oldest first.
  public List<Path> all() {
    try (var entries = Files.newDirectoryStream(folder, PREFIX + "*")) {
      return StreamSupport.stream(entries.spliterator(), false).sorted().toList();
    } catch (IOException e) {
      throw new DataException("could not list checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  private static void delete(Path old) {
    try (var files = Files.walk(old)) {
      for (Path p : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    } catch (IOException e) {
      throw new DataException("could not remove the checkpoint " + old + ": " + e.getMessage(), e);
    }
  }
}
