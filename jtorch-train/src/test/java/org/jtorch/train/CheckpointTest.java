package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.data.TokenBatches;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.observe.StepEvent;
import org.jtorch.optim.Ema;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final long STEPS = 10;

  private record End(Progress progress, SequencedMap<String, double[]> state, ObjectNode guard, List<Double> losses) {
    void isLike(End other) {
      assertThat(progress).isEqualTo(other.progress);
      assertThat(guard).isEqualTo(other.guard);
      assertThat(state.keySet()).isEqualTo(other.state.keySet());
      state.forEach((name, values) -> assertThat(values).as(name).isEqualTo(other.state.get(name)));
    }
  }

  /// Trains until step `until` in a model of its own, going on from the newest checkpoint.
  private static End train(Path folder, DType dtype, long until, long every, List<String> notes) {
    boolean first = !Files.isDirectory(folder);
    long weights = first ? 1 : 1000 + until;                   // what a checkpoint does not bring back would show
    try (var model = Tiny.model(dtype, weights); var optimizer = Tiny.adam(model)) {
      var trainer = new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(STEPS).withAccumulate(2).withEvery(0, every));
      var checkpoint = Tiny.checkpoint(folder, 0, model, optimizer, trainer.spikes());
      var from = checkpoint.newest(notes::add).map(checkpoint::restore).orElse(Progress.START);
      var log = new PretrainerTest.Recorder();
      var hooks = new Hooks(Tiny::noScore, checkpoint::save, () -> log.steps.getLast().step() == until);
      var progress = trainer.fit(from, log, hooks).progress();
      var losses = log.steps.stream().map(StepEvent::loss).toList();
      var end = new End(progress, Tiny.state(model, optimizer), trainer.spikes().facts(), losses);
      assertThat(TensorScope.stats().live()).isZero();
      return end;
    }
  }

  private static End train(Path folder, DType dtype, long until, long every) {
    var notes = new ArrayList<String>();
    var end = train(folder, dtype, until, every, notes);
    assertThat(notes).isEmpty();
    return end;
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void aRunInterruptedTwiceEndsInTheSameBits(DType dtype, @TempDir Path temp) {
    var whole = train(temp.resolve("whole"), dtype, STEPS, 0);
    var losses = new ArrayList<Double>();
    End last = whole;
    for (long until : new long[] {3, 7, STEPS}) {
      last = train(temp.resolve("parts"), dtype, until, 0);
      losses.addAll(last.losses);
    }
    assertThat(losses).isEqualTo(whole.losses).hasSize((int) STEPS);
    last.isLike(whole);
    assertThat(last.state.keySet()).anyMatch(n -> n.endsWith("exp_avg_sq"))
        .matches(names -> names.stream().anyMatch(n -> n.endsWith("master")) == (dtype == DType.BF16));
  }

  /// Ways in which a checkpoint breaks.
  enum Damage {
    FLIPPED_BYTE {
      @Override void to(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 7] ^= 1;
        Files.write(file, bytes);
      }
    },
    CUT_SHORT {
      @Override void to(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve("optimizer.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
      }
    },
    NO_TRAINER {
      @Override void to(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("trainer.json"));
      }
    },
    NO_MANIFEST {
      @Override void to(Path checkpoint) throws IOException {
        Files.delete(checkpoint.resolve("manifest.json"));
      }
    };

    abstract void to(Path checkpoint) throws IOException;
  }

  @ParameterizedTest @EnumSource
  void aDamagedCheckpointIsPassedOverAndReplaced(Damage damage, @TempDir Path temp) throws IOException {
    var whole = train(temp.resolve("whole"), DType.F32, STEPS, 0);
    Path parts = temp.resolve("parts");
    var _ = train(parts, DType.F32, 6, 3);
    damage.to(parts.resolve("step-00000006"));
    var notes = new ArrayList<String>();
    var end = train(parts, DType.F32, STEPS, 3, notes);
    assertThat(notes).singleElement().asString().contains("step-00000006");
    assertThat(end.losses).as("went on from step 3").isEqualTo(whole.losses.subList(3, (int) STEPS));
    end.isLike(whole);
    for (String name : List.of("step-00000003", "step-00000006", "step-00000009", "step-00000010")) {
      AtomicFolder.verify(parts.resolve(name));
    }
  }

  @Test void withEveryCheckpointDamagedThereIsNone(@TempDir Path temp) throws IOException {
    var _ = train(temp, DType.F32, 4, 2);
    Damage.FLIPPED_BYTE.to(temp.resolve("step-00000002"));
    Damage.CUT_SHORT.to(temp.resolve("step-00000004"));
    var notes = new ArrayList<String>();
    try (var model = Tiny.model(DType.F32, 1)) {
      var checkpoint = Checkpoint.of(temp, 0, ModelFolder.of(model, null));
      assertThat(checkpoint.newest(notes::add)).isEmpty();
      assertThatThrownBy(() -> checkpoint.resume(_ -> {})).isInstanceOf(DataException.class).hasMessageContaining("none of the checkpoints")
          .hasMessageContaining("2 of them");
    }
    assertThat(notes).hasSize(2).first().asString().contains("optimizer.safetensors");
    assertThat(notes.getLast()).contains("step-00000002").contains("model.safetensors");
  }

  @Test void refusesAnotherOrderOfTheData(@TempDir Path temp) {
    var _ = train(temp, DType.F32, 2, 0);
    refusesData(temp, new TokenBatches(6, 4, new Tiny.Documents(Tiny.rows(64))), "seed 5", "seed 6");
    refusesData(temp, new TokenBatches(5, 2, new Tiny.Documents(Tiny.rows(64))), "batch 4", "batch 2");
    refusesData(temp, new TokenBatches(5, 4, new Tiny.Documents(Tiny.rows(63))), "rows 64", "rows 63");
  }

  private static void refusesData(Path folder, TokenBatches batches, String saved, String mine) {
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("optimizer", Saved.of(optimizer, model.weights()))
          .with("spike_guard", new SpikeGuard(SpikeGuard.Options.DEFAULT)).with("data", Saved.of(batches));
      assertThatIllegalArgumentException().isThrownBy(() -> checkpoint.restore(folder.resolve("step-00000002")))
          .withMessageContaining(saved).withMessageContaining(mine).withMessageContaining("another run folder");
    }
  }

  @ParameterizedTest @ValueSource(ints = {0, 1, 2})
  void keepsTheNewest(int keep, @TempDir Path temp) {
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var checkpoint = Tiny.checkpoint(temp, keep, model, optimizer, new SpikeGuard(SpikeGuard.Options.DEFAULT));
      for (long step : new long[] {5, 90, 1000, 123_456_789}) {
        Path made = checkpoint.save(new Progress(step, 1, 2.5));
        assertThat(made).isDirectory();
        assertThat(checkpoint.save(new Progress(step, 1, 2.5))).as("a stop right after a save").isEqualTo(made);
      }
      var names = checkpoint.all().stream().map(p -> String.valueOf(p.getFileName())).toList();
      var all = List.of("step-00000005", "step-00000090", "step-00001000", "step-123456789");
      assertThat(names).isEqualTo(keep == 0 ? all : all.subList(4 - keep, 4));
    }
    assertThat(temp).isDirectoryNotContaining("glob:**.tmp-*");
  }

  /// Steps 10 to 90, of which 40 did best, and every 30th is to stay.
  @Test void keepsTheBestAndMilestonesIfAsked(@TempDir Path temp) {
    var all = saved(temp.resolve("all"), new Retention(2, true, 30));
    assertThat(all).containsExactly(30L, 40L, 60L, 80L, 90L);
    assertThat(saved(temp.resolve("best"), new Retention(1, true, 0))).containsExactly(40L, 90L);
    assertThat(saved(temp.resolve("neither"), new Retention(1, false, 0))).containsExactly(90L);
  }

  private static List<Long> saved(Path folder, Retention retention) {
    try (var model = Tiny.model(DType.F32, 1)) {
      var checkpoint = Checkpoint.of(folder, retention, ModelFolder.of(model, null));
      for (long step = 10; step <= 90; step += 10) {
        checkpoint.save(new Progress(step, 1, 2));
        checkpoint.evaluated(step, Math.abs(step - 40) + 1);
      }
      return checkpoint.all().stream().map(Checkpoint::step).toList();
    }
  }

  /// Later ones are damaged, so the run went on from one before them.
  @Test void theOneJustWrittenStays(@TempDir Path temp) throws IOException {
    try (var model = Tiny.model(DType.F32, 1)) {
      var all = Checkpoint.of(temp, 0, ModelFolder.of(model, null));
      all.save(new Progress(20, 1, 2));
      all.save(new Progress(1_000_000_000, 1, 2));
      Damage.FLIPPED_BYTE.to(temp.resolve("step-00000020"));
      Damage.FLIPPED_BYTE.to(temp.resolve("step-1000000000"));
      var one = Checkpoint.of(temp, 1, ModelFolder.of(model, null));
      Path made = one.save(new Progress(10, 1, 2));
      assertThat(one.newest(_ -> {})).contains(made);
      Path later = one.save(new Progress(999_999_999, 1, 2));
      assertThat(one.newest(_ -> {})).contains(later);
      assertThat(made).doesNotExist();
    }
  }

  @Test void loadsAsAModel(@TempDir Path temp) {
    var end = train(temp, DType.BF16, 2, 0);
    try (var model = Pretrained.load(temp.resolve("step-00000002"), Device.CPU, null); var _ = TensorScope.open()) {
      assertThat(model.dtype()).isEqualTo(DType.BF16);
      model.weights().forEach((name, w) -> assertThat(Tiny.values(w.view())).as(name)
          .isEqualTo(Arrays.stream(end.state.getOrDefault(name, new double[0])).map(DType.BF16::round).toArray()));
    }
  }

  @Test void aWriteThatFailsLeavesTheEarlierCheckpoint(@TempDir Path temp) {
    var whole = train(temp.resolve("whole"), DType.F32, STEPS, 0);
    Path parts = temp.resolve("parts");
    var _ = train(parts, DType.F32, 4, 0);
    try (var model = Tiny.model(DType.F32, 1)) {
      var checkpoint = Checkpoint.of(parts, 1, ModelFolder.of(model, null)).with("optimizer", fullDisk());
      assertThatThrownBy(() -> checkpoint.save(new Progress(5, 1, 2)))
          .isInstanceOf(DataException.class).hasMessageContaining("step-00000005").hasMessageContaining("No space left")
          .hasMessageContaining("step-00000004 is intact");
    }
    assertThat(parts).isDirectoryNotContaining("glob:**.tmp-*").isDirectoryNotContaining("glob:**step-00000005");
    train(parts, DType.F32, STEPS, 0).isLike(whole);
  }

  /// A part that cannot be written, after the model has been.
  private static Saved fullDisk() {
    return new Saved() {
      @Override public ObjectNode facts() {
        throw new UncheckedIOException(new IOException("No space left on device"));
      }
    };
  }

  @Test void anEarlierLayoutIsNamed(@TempDir Path temp) throws IOException {
    var _ = train(temp, DType.F32, 2, 0);
    Path checkpoint = temp.resolve("step-00000002");
    Files.writeString(checkpoint.resolve("trainer.json"), "{\"step\": 2, \"tokens\": 9, \"loss\": \"1.5\", \"seed\": 5}");
    try (var model = Tiny.model(DType.F32, 1)) {
      assertThatThrownBy(() -> Checkpoint.of(temp, 0, ModelFolder.of(model, null)).restore(checkpoint)).isInstanceOf(DataException.class)
          .hasMessageContaining("earlier version").hasMessageContaining("layout 1").hasMessageContaining("reads 2");
    }
  }

  @Test void otherPartsAreRefusedByName(@TempDir Path temp) {
    var _ = train(temp, DType.F32, 2, 0);
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model); var ema = Ema.of(model.parameters(), 0.9)) {
      var checkpoint = Tiny.checkpoint(temp, 0, model, optimizer, new SpikeGuard(SpikeGuard.Options.DEFAULT));
      assertThatThrownBy(() -> checkpoint.with("ema", Saved.of(ema, model.weights())).restore(temp.resolve("step-00000002")))
          .isInstanceOf(DataException.class).hasMessageContaining("[optimizer, spike_guard, data]").hasMessageContaining("ema");
      assertThatIllegalArgumentException().isThrownBy(() -> checkpoint.with("data", Saved.of(Rng.of(1))))
          .withMessageContaining("\"data\"");
      assertThatIllegalArgumentException().isThrownBy(() -> checkpoint.with("../x", Saved.of(Rng.of(1))))
          .withMessageContaining("../x");
      assertThatIllegalArgumentException().isThrownBy(() -> checkpoint.with("config", Saved.of(Rng.of(1))).save(new Progress(3, 1, 1)))
          .withMessageContaining("config.json");
    }
  }
}
