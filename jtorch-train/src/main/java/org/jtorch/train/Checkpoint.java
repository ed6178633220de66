package org.jtorch.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.observe.SaveEvent;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;

/// Checkpoints of a run: each is a folder `step-00001000` that other programs load, plus a file or two for each [Saved] part
/// and `trainer.json`, which together bring the run back to the same bits.
///
/// ```java
/// var checkpoint = Checkpoint.of(run, 2, ModelFolder.of(model, tokenizer))
///     .with("optimizer", Saved.of(optimizer, model.weights()))
///     .with("spike_guard", trainer.spikes())
///     .with("data", Saved.of(batches));
/// Progress from = checkpoint.resume(log::onNote);
/// ```
///
/// Written to a temporary place, synced, renamed, with a manifest of checksums; verified before use. A damaged one is
/// passed over for the one before it, with a note. Tensors are written from where they lie: a save needs no memory to speak of.
///
/// @param folder where the checkpoints lie
/// @param retention which of them stay
/// @param model what is trained
/// @param parts by the names of their files
public record Checkpoint(Path folder, Retention retention, ModelFolder model, SequencedMap<String, Saved> parts) {
  private static final String PREFIX = "step-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "[0-9]{1,18}");
  private static final String TRAINER = "trainer.json";
  private static final String LAYOUT = "layout";
  private static final int VERSION = 2;

  public Checkpoint {
    parts = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parts));
  }

  /// Checkpoints of the model alone.
  ///
  /// @param keep how many of the newest stay; 0: all
  public static Checkpoint of(Path folder, int keep, ModelFolder model) {
    return of(folder, Retention.newest(keep), model);
  }

  /// Checkpoints of the model alone.
  public static Checkpoint of(Path folder, Retention retention, ModelFolder model) {
    return new Checkpoint(folder, retention, model, model.parts());
  }

  /// The same with a part more.
  ///
  /// @param name names the part's files: lower-case letters, digits and `_`
  public Checkpoint with(String name, Saved part) {
    if (!name.matches("[a-z][a-z0-9_]*") || name.equals("trainer") || parts.containsKey(name)) {
      throw new IllegalArgumentException("a part cannot be called \"" + name + "\"; use lower-case letters, digits and _, a name once,"
          + " and not \"trainer\": optimizer, for example");
    }
    var all = new LinkedHashMap<>(parts);
    all.put(name, part);
    return new Checkpoint(folder, retention, model, all);
  }

  /// Writes a checkpoint, in the place of a damaged one if need be, and removes those that need not stay.
  ///
  /// @return its folder
  public Path save(Progress progress) {
    Path target = at(progress.step());
    if (Files.exists(target)) {
      if (isWhole(target)) {
        return target;                               // a stop right after a save
      }
      delete(target);                                // the run went on from the one before it
    }
    AtomicFolder.publish(target, bytes(), into -> {
      model.writer().write(into);
      parts.forEach((name, part) -> StoredParts.write(into, name, part));
      writeTrainer(into.resolve(TRAINER), progress);
    });
    prune(progress.step());
    return target;
  }

  /// [#save], as an event.
  public SaveEvent timedSave(Progress progress) {
    long started = System.nanoTime();
    Path saved = save(progress);
    double seconds = (System.nanoTime() - started) / 1e9;
    try (var files = Files.walk(saved)) {
      long bytes = files.filter(Files::isRegularFile).mapToLong(p -> p.toFile().length()).sum();
      return new SaveEvent(progress.step(), saved, seconds, bytes);
    } catch (IOException e) {
      throw new DataException("could not look at the checkpoint " + saved + ": " + e.getMessage(), e);
    }
  }

  private long bytes() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.bytes() + (1 << 20)
          + parts.values().stream().flatMap(p -> p.tensors().values().stream()).mapToLong(t -> t.bytes()).sum();
    }
  }

  private void writeTrainer(Path file, Progress progress) {
    var node = JsonNodeFactory.instance.objectNode();
    node.put(LAYOUT, VERSION).put("step", progress.step()).put("tokens", progress.tokens())
        .put("loss", Double.toString(progress.loss()));
    parts.keySet().forEach(node.putArray("parts")::add);
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

  /// Goes on from the newest checkpoint that is whole, or begins where there is none; `note` hears of it.
  ///
  /// @throws DataException if there are checkpoints and none is whole: to begin again would write over what is left of the run
  public Progress resume(Consumer<String> note) {
    var from = newest(note);
    if (from.isEmpty() && !all().isEmpty()) {
      throw new DataException("none of the checkpoints in " + folder + " is whole (" + all().size() + " of them); put a whole one there to "
          + "go on, or remove them to begin again");
    }
    return from.map(checkpoint -> {
      Progress at = restore(checkpoint);
      note.accept("resuming from step %,d (%s)".formatted(at.step(), checkpoint.getFileName()));
      return at;
    }).orElse(Progress.START);
  }

  /// Brings the model and all parts to the state of a checkpoint, to the bit.
  ///
  /// @throws DataException if it has other parts, or one has other tensors, naming them
  public Progress restore(Path checkpoint) {
    var json = JsonFile.open(checkpoint.resolve(TRAINER));
    requireLayout(checkpoint, json.optInt(LAYOUT, 1));
    var saved = json.requiredStrings("parts");
    if (!parts.keySet().equals(Set.copyOf(saved))) {
      throw new DataException(checkpoint + " holds the parts " + saved + " beside the model, but this run keeps " + parts.keySet()
          + "; go on with the settings that the run began with");
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      model.restore(checkpoint);
    }
    parts.forEach((name, part) -> StoredParts.restore(checkpoint, name, part));
    return new Progress(json.requiredLong("step"), json.requiredLong("tokens"), Double.parseDouble(json.requiredString("loss")));
  }

  /// Begins an optimizer with what that of another run remembers: its moments and counts. Master weights are not taken over, they follow
  /// from the weights.
  ///
  /// @param checkpoint of the other run
  /// @param optimizer a [Saved#of] of this run's
  /// @return false if there is none, or it is of another kind or for other weights; then nothing is changed
  public static boolean takeOver(Path checkpoint, Saved optimizer) {
    Path file = checkpoint.resolve("optimizer.safetensors");
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var mine = new LinkedHashMap<>(optimizer.tensors());
      mine.keySet().removeIf(name -> name.endsWith(".master"));
      return !mine.isEmpty() && Files.exists(file) && StoredParts.takeOver(file, mine);
    }
  }

  private static void requireLayout(Path checkpoint, int layout) {
    if (layout != VERSION) {
      throw new DataException(checkpoint + " was written by " + (layout < VERSION ? "an earlier" : "a later")
          + " version of JTorch (layout " + layout + " of checkpoints; this one reads " + VERSION + "). Finish the run with that version, or begin a new one from its"
          + " weights: the folder loads as a model");
    }
  }

  /// Remembers how well the checkpoint of a step does, if there is one and the best is to stay.
  ///
  /// @param loss lower is better
  public void evaluated(long step, double loss) {
    if (retention.best() && Files.exists(at(step)) && loss < best().loss()) {
      new BestStep(step, loss).write(folder);
    }
  }

  /// The best of those that are there.
  private BestStep best() {
    var best = BestStep.read(folder);
    return Files.exists(at(best.step())) ? best : BestStep.NONE;
  }

  private Path at(long step) {
    return folder.resolve("%s%08d".formatted(PREFIX, step));
  }

  /// Removes what need not stay of those up to `step`, which is just written; a damaged one after it is not in the way.
  private void prune(long step) {
    if (retention.newest() == 0) {
      return;
    }
    long best = retention.best() ? best().step() : BestStep.NONE.step();
    List<Path> all = all().stream().filter(p -> step(p) <= step).toList();
    for (Path old : all.subList(0, Math.max(0, all.size() - retention.newest()))) {
      if (step(old) != best && !retention.isMilestone(step(old))) {
        delete(old);
      }
    }
  }

  /// Finished checkpoints, oldest first.
  public List<Path> all() {
    return all(folder);
  }

  /// The checkpoints in a folder, oldest first; none if there is no such folder.
  public static List<Path> all(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var entries = Files.list(folder)) {
      return entries.filter(p -> NAME.matcher(String.valueOf(p.getFileName())).matches())
          .sorted(Comparator.comparingLong(Checkpoint::step)).toList();
    } catch (IOException e) {
      throw new DataException("could not list checkpoints in " + folder + ": " + e.getMessage(), e);
    }
  }

  /// The step that a checkpoint's name says.
  public static long step(Path checkpoint) {
    return Long.parseLong(String.valueOf(checkpoint.getFileName()).substring(PREFIX.length()));
  }

  private static void delete(Path old) {
    try (var files = Files.walk(old)) {
      for (Path p : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    } catch (IOException e) {
      throw new DataException("could not remove the checkpoint " + old + ": " + e.getMessage(), e);
    }
  }
}
