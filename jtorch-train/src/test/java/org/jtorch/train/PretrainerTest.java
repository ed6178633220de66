package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.attention.KvCache;
import org.jtorch.data.Batch;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.observe.SaveEvent;
import org.jtorch.observe.StepEvent;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Schedule;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PretrainerTest {
  private static Batch batch() {
    var batch = Tiny.batches(8).at(0);
    var perRow = new ArrayList<Long>();
    for (int i = 0; i < batch.rows(); i++) {
      perRow.add(batch.slice(i, 1).trainedTokens());
    }
    assertThat(perRow.stream().distinct().count()).as("rows of unequal trained tokens: %s", perRow).isGreaterThan(2);
    return batch;
  }

  @ParameterizedTest @ValueSource(ints = {1, 2}) void overfitsOneBatch(int accumulate) {
    var rows = new Tiny.Documents(Tiny.rows(4));
    var recorder = new Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var options = TrainOptions.of(59, 2e-2, new Schedule.Constant(5)).withAccumulate(accumulate);
      var result = new Pretrainer(model, optimizer, new TokenBatches(1, 4, rows), options)
          .fit(Progress.START, recorder, Tiny.NO_HOOKS);
      assertThat(result.finished()).isTrue();
      assertThat(result.progress().step()).isEqualTo(59);
    }
    assertThat(recorder.steps).hasSize(59).allMatch(s -> !s.skipped() && s.liveTensors() == 0);
    assertThat(recorder.steps.getFirst().loss()).isBetween(Math.log(Tiny.VOCAB) - 0.3, Math.log(Tiny.VOCAB) + 0.3);
    assertThat(recorder.steps.getLast().loss()).isLessThan(0.25);
  }

  @ParameterizedTest @ValueSource(ints = {2, 4, 8}) void microBatchesDoNotChangeTheGradient(int accumulate) {
    var batch = batch();
    var whole = Tiny.gradients(Tiny.options(1), batch);
    var split = Tiny.gradients(Tiny.options(1).withAccumulate(accumulate), batch);
    assertThat(whole.distance(split)).isLessThan(1e-6);
    assertThat(split.loss()).isCloseTo(whole.loss(), within(1e-6));
  }

  @Test void activationCheckpointingKeepsTheBits() {
    var batch = batch();
    var kept = Tiny.gradients(Tiny.options(1), batch);
    var recomputed = Tiny.gradients(Tiny.options(1).withActivationCheckpointing(true), batch);
    assertThat(recomputed.loss()).isEqualTo(kept.loss());
    kept.byName().forEach((name, g) -> assertThat(recomputed.byName().get(name)).as(name).isEqualTo(g));
  }

  @Test void packedRowsEqualDocumentsOfTheirOwn() {
    var packed = Tiny.rows(6);
    var alone = packed.stream().flatMap(List::stream).map(List::of).toList();
    assertThat(alone).hasSizeGreaterThan(8);
    var a = Tiny.gradients(Tiny.options(1), all(packed));
    var b = Tiny.gradients(Tiny.options(1), all(alone));
    assertThat(b.loss()).isCloseTo(a.loss(), within(1e-6));
    assertThat(a.distance(b)).isLessThan(2e-6);
  }

  private static Batch all(List<List<long[]>> rows) {
    return TokenBatches.gather(new Tiny.Documents(rows), LongStream.range(0, rows.size()).toArray());
  }

  @ParameterizedTest @ValueSource(ints = {1, 7, 64, 4096}) void chunkSizesDoNotChangeTheGradient(int chunk) {
    var batch = batch();
    var o = Tiny.options(1);
    var chunked = new TrainOptions(o.steps(), o.accumulate(), o.learningRate(), o.schedule(), o.clip(), false, 0, 0, chunk,
        o.spikes());
    var automatic = Tiny.gradients(o, batch);
    var other = Tiny.gradients(chunked, batch);
    assertThat(other.loss()).isCloseTo(automatic.loss(), within(1e-6));
    assertThat(automatic.distance(other)).isLessThan(2e-6);
  }

  @Test void refusesWhatCannotBe() {
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> new Pretrainer(model, optimizer, Tiny.batches(8), Tiny.options(1).withAccumulate(3)))
          .withMessageContaining("`accumulate` (3)").withMessageContaining("8");
    }
    try (var small = new Decoder(Tiny.SHAPE.withContext(Tiny.SEQ - 1))) {
      small.initialize(Device.CPU, DType.F32, org.jtorch.tensor.Rng.of(1));
      try (var optimizer = Tiny.adam(small)) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> new Pretrainer(small, optimizer, Tiny.batches(8), Tiny.options(1)))
            .withMessageContaining("`seq_len` is 16").withMessageContaining("15").withMessageContaining("max_position_embeddings");
      }
    }
  }

  @Test void aStepWithoutALossIsLeftOut() {
    var recorder = new Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var broken = new Broken(model, 2);
      List<double[]> before = new ArrayList<>();
      var hooks = new Hooks(Tiny::noScore, _ -> before.add(Tiny.values(model.head().tensor())), () -> false);
      new Pretrainer(broken, optimizer, Tiny.batches(4), Tiny.options(4).withEvery(0, 1))
          .fit(Progress.START, recorder, hooks);
      assertThat(recorder.steps).extracting(StepEvent::skipped).containsExactly(false, true, false, false);
      assertThat(recorder.steps.get(1).loss()).isNaN();
      assertThat(recorder.notes).singleElement().asString().contains("step 2 left out").contains("NaN");
      assertThat(before.get(1)).as("weights after the step left out").isEqualTo(before.get(0));
      assertThat(before.get(2)).isNotEqualTo(before.get(1));
      assertThat(Arrays.stream(before.get(3)).allMatch(Double::isFinite)).isTrue();
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void manyStepsWithoutALossEndTheRun() {
    var recorder = new Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var o = Tiny.options(50);
      var three = new TrainOptions(o.steps(), 2, o.learningRate(), o.schedule(), o.clip(), false, 0, 0, 0,
          new SpikeGuard.Options(8, 6, 3));
      var trainer = new Pretrainer(new Broken(model, 0), optimizer, Tiny.batches(4), three);
      assertThatThrownBy(() -> trainer.fit(Progress.START, recorder, Tiny.NO_HOOKS))
          .isInstanceOf(DivergedException.class).hasMessageContaining("3 steps").hasMessageContaining("learning rate")
          .extracting(e -> ((DivergedException) e).exitCode()).isEqualTo(5);
      optimizer.zeroGrad();
    }
    assertThat(recorder.steps).as("the steps before the last straw").hasSize(2);
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void aStopIsHeardAfterTheStepAndSaved() {
    var saved = new ArrayList<Long>();
    var recorder = new Recorder();
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      var hooks = new Hooks(Tiny::noScore, p -> saved.add(p.step()), () -> recorder.steps.size() == 5);
      var result = new Pretrainer(model, optimizer, Tiny.batches(4), Tiny.options(9).withEvery(0, 2))
          .fit(Progress.START, recorder, hooks);
      assertThat(result.finished()).isFalse();
      assertThat(result.progress().step()).isEqualTo(5);
      assertThat(result.progress().tokens()).isEqualTo(recorder.steps.stream().mapToLong(StepEvent::tokens).sum());
    }
    assertThat(saved).containsExactly(2L, 4L, 5L);
  }

  static final class Recorder implements StepListener {
    final List<StepEvent> steps = new ArrayList<>();
    final List<String> notes = new ArrayList<>();

    @Override public void onStep(StepEvent step) {
      steps.add(step);
    }

    @Override public void onSave(SaveEvent save) {
      notes.add("saved " + save.step());
    }

    @Override public void onNote(String note) {
      notes.add(note);
    }
  }

  /// A model whose output is not a number at one call, or at every one (0).
  private static final class Broken implements CausalLm {
    private final Decoder model;
    private final int at;
    private int calls;

    Broken(Decoder model, int at) {
      this.model = model;
      this.at = at;
    }

    @Override public Tensor hidden(Tensor ids, Pass pass, @Nullable KvCache cache) {
      Tensor h = model.hidden(ids, pass, cache);
      calls++;
      if (at == 0 || calls == at) {
        try (var _ = Grad.off()) {
          h.detach().fillInPlace(Double.NaN);
        }
      }
      return h;
    }

    @Override public Tensor logits(Tensor hidden) {
      return model.logits(hidden);
    }

    @Override public Parameter head() {
      return model.head();
    }

    @Override public List<Parameter> parameters() {
      return model.parameters();
    }

    @Override public int vocabSize() {
      return model.vocabSize();
    }

    @Override public int maxPositions() {
      return model.maxPositions();
    }

    @Override public DType dtype() {
      return model.dtype();
    }

    @Override public Device device() {
      return model.device();
    }

    @Override public KvCache cache(int batch, int capacity) {
      return model.cache(batch, capacity);
    }

    @Override public void close() {
      model.close();
    }
  }
}
