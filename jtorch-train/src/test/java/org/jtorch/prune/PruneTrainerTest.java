package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.decoder.Decoder;
import org.jtorch.observe.StepEvent;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.optim.Schedule;
import org.jtorch.prune.Small.Family;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PruneTrainerTest {
  private static final double PEAK = 3e-3;
  private static Decoder taught;

  @SuppressWarnings("MustBeClosedChecker")     // closed after all tests
  @BeforeAll static void teach() {
    taught = Small.taught(200);
  }

  @AfterAll static void forget() {
    taught.close();
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static LearnedMasks masks(boolean soft, Decoder model, long steps, int kept) {
    var schedule = new MaskSchedule(steps, Small.WIDTH, kept);
    return soft ? SoftTopKMasks.on(model, schedule) : HardConcreteMasks.on(model, schedule, HardConcreteMasks.Options.DEFAULT);
  }

  private static AdamW adam(Decoder model, LearnedMasks masks, double rate, boolean weights) {
    var groups = new ArrayList<ParameterGroup>();
    groups.add(masks.group(rate, PEAK));
    if (weights) {
      groups.addAll(ParameterGroups.byRank(model.parameters(), 0.1));
    }
    return AdamW.over(groups, AdamW.Options.DEFAULT);
  }

  private static TrainOptions options(long steps) {
    return TrainOptions.of(steps, PEAK, new Schedule.Constant(0));
  }

  // ---- learning

  private static double sliced(Decoder model, KeptNeurons kept) {
    try (var small = Slicing.apply(model, kept)) {
      return Small.loss(small);
    }
  }

  /// A model that knows its task loses 40 of 64 neurons a layer. Learned masks choose better than chance, with the weights frozen.
  @ParameterizedTest @CsvSource({"true, 0.2", "false, 0.5"}) void learnedMasksBeatRandomOnes(boolean soft, double rate) {
    int k = 24;
    double random = Double.MAX_VALUE;
    double magnitude;
    try (var _ = TensorScope.open()) {
      for (int seed = 0; seed < 3; seed++) {
        random = Math.min(random, sliced(taught, KeptNeurons.top(NeuronScores.random(taught, Rng.of(seed)), k)));
      }
      magnitude = sliced(taught, KeptNeurons.top(NeuronScores.magnitude(taught), k));
    }
    var log = new Small.Recorder();
    double learned = learned(taught, soft, rate, k, log);
    String figures = "whole %.3f, best of three by chance %.3f, magnitude %.3f, learned %.3f"
        .formatted(Small.loss(taught), random, magnitude, learned);
    assertThat(learned).as(figures).isLessThan(random - 0.5);
    assertThat(log.steps.getFirst().figures().get("mask_target")).isEqualTo(Small.WIDTH);
    assertThat(log.steps.getLast().figures().get("mask_target")).isEqualTo(k);
    assertThat(log.steps.getLast().figures().get("sparsity")).isCloseTo(1 - k / 64.0, within(0.05));
  }

  /// The loss of the sliced model after 120 steps.
  private static double learned(Decoder model, boolean soft, double rate, int k, Small.Recorder log) {
    boolean along = model.parameters().getFirst().tensor().requiresGrad();
    KeptNeurons kept;
    try (var masks = masks(soft, model, 120, k); var adam = adam(model, masks, rate, along)) {
      var result = new PruneTrainer(model, masks, adam, Small.task(32), options(120)).fit(Progress.START, log, Small.NO_HOOKS);
      assertThat(result.finished()).isTrue();
      kept = masks.kept();
    }
    return sliced(model, kept);
  }

  @Test void weightsThatLearnAlongHelp() {
    KeptNeurons all;
    try (var _ = TensorScope.open()) {
      all = KeptNeurons.top(NeuronScores.magnitude(taught), Small.WIDTH);
    }
    try (var copy = Slicing.apply(taught, all)) {
      double frozen = learned(copy, true, 0.2, 16, new Small.Recorder());
      copy.requiresGrad(true);
      assertThat(learned(copy, true, 0.2, 16, new Small.Recorder())).isLessThan(frozen - 0.1);
    }
  }

  // ---- going on

  private record End(Progress progress, SequencedMap<String, double[]> state, List<Double> losses) {}

  /// Trains masks and weights until step `until`, going on from the newest checkpoint.
  private static End train(Path folder, boolean soft, DType dtype, long until) {
    boolean first = !Files.isDirectory(folder);
    var shape = Family.LLAMA.shape;
    try (var model = Decoder.create(shape, Device.CPU, dtype, Rng.of(first ? 1 : 1000 + until))) {
      model.requiresGrad(true);
      try (var masks = masks(soft, model, 10, 20); var adam = adam(model, masks, 0.05, true)) {
        var batches = Small.task(8);
        var trainer = new PruneTrainer(model, masks, adam, batches, options(10).withAccumulate(2).withEvery(3, 0));
        var names = masks.weightsWith(model);
        var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("optimizer", Saved.of(adam, names))
            .with("masks", masks).with("spike_guard", trainer.spikes()).with("data", Saved.of(batches));
        var from = checkpoint.newest(System.err::println).map(checkpoint::restore).orElse(Progress.START);
        var log = new Small.Recorder();
        var hooks = new Hooks(Small.NO_HOOKS.evaluate(), checkpoint::save, () -> log.steps.getLast().step() == until);
        var progress = trainer.fit(from, log, hooks).progress();
        var state = new LinkedHashMap<String, double[]>();
        try (var _ = TensorScope.open()) {
          names.forEach((name, w) -> state.put(name, w.view().detach().to(DType.F64).contiguous().toDoubles()));
          Saved.of(adam, names).tensors().forEach((name, t) -> state.put("optimizer " + name, t.detach().to(DType.F64).contiguous().toDoubles()));
          state.put("masks", masks.neurons().values().toDoubles());
        }
        return new End(progress, state, log.steps.stream().map(StepEvent::loss).toList());
      }
    }
  }

  @ParameterizedTest @CsvSource({"true, F32", "true, BF16", "false, F32", "false, BF16"})
  void aRunInterruptedTwiceEndsInTheSameBits(boolean soft, DType dtype, @TempDir Path temp) {
    var whole = train(temp.resolve("whole"), soft, dtype, 10);
    var losses = new ArrayList<Double>();
    End last = whole;
    for (long until : new long[] {3, 7, 10}) {
      last = train(temp.resolve("parts"), soft, dtype, until);
      losses.addAll(last.losses);
    }
    assertThat(losses).isEqualTo(whole.losses).hasSize(10);
    assertThat(last.progress).isEqualTo(whole.progress);
    assertThat(last.state.keySet()).isEqualTo(whole.state.keySet()).contains(soft ? "scores" : "lagrangian.lambda");
    last.state.forEach((name, values) -> assertThat(values).as(name).isEqualTo(Objects.requireNonNull(whole.state.get(name))));
  }

  // ---- the rest

  @ParameterizedTest @ValueSource(booleans = {true, false}) void sixtyStepsHoldTheSameObjects(boolean soft) {
    var log = new Small.Recorder();
    try (var model = Family.LLAMA.model(DType.F32); var masks = masks(soft, model, 60, 20); var adam = adam(model, masks, 0.05, true)) {
      var _ = new PruneTrainer(model, masks, adam, Small.task(8), options(60).withAccumulate(2)).fit(Progress.START, log, Small.NO_HOOKS);
    }
    assertThat(log.steps).hasSize(60);
    assertThat(log.steps.subList(2, 60).stream().map(StepEvent::nativeObjects).distinct()).hasSize(1);
    assertThat(log.steps.subList(2, 60).stream().map(StepEvent::liveTensors).distinct()).hasSize(1);
  }

  @Test void microBatchesDoNotChangeWhatIsLearnt() {
    double[] whole = scores(1);
    assertThat(scores(4)).containsExactly(whole, within(1e-4));
  }

  private static double[] scores(int accumulate) {
    try (var model = Family.LLAMA.model(DType.F32); var masks = masks(true, model, 4, 20); var adam = adam(model, masks, 0.05, true)) {
      var _ = new PruneTrainer(model, masks, adam, Small.task(8), options(4).withAccumulate(accumulate))
          .fit(Progress.START, new Small.Recorder(), Small.NO_HOOKS);
      try (var _ = TensorScope.open()) {
        return masks.scores().detach().toDoubles();
      }
    }
  }

  @Test void whatDoesNotFitIsSaidBeforeItStarts() {
    try (var model = Family.LLAMA.model(DType.F32); var masks = masks(true, model, 10, 20); var both = adam(model, masks, 0.05, true);
        var alone = adam(model, masks, 0.05, false); var none = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
      assertThatIllegalArgumentException().isThrownBy(() -> new PruneTrainer(model, masks, both, Small.task(8), options(11)))
          .withMessageContaining("`steps` must be those of the run but was 10 of the masks' schedule; 11");
      assertThatIllegalArgumentException().isThrownBy(() -> new PruneTrainer(model, masks, alone, Small.task(8), options(10)))
          .withMessageContaining("freeze it by model.requiresGrad(false)");
      assertThatIllegalArgumentException().isThrownBy(() -> new PruneTrainer(model, masks, none, Small.task(8), options(10)))
          .withMessageContaining("the optimizer does not have the masks' scores");
      assertThatIllegalArgumentException().isThrownBy(() -> masks.group(0, PEAK)).withMessageContaining("`mask_learning_rate` must be above 0");
    }
    try (var model = Family.LLAMA.model(DType.F32)) {
      assertThatIllegalArgumentException().isThrownBy(() -> SoftTopKMasks.on(model, new MaskSchedule(10, 32, 8)).close())
          .withMessageContaining("`width` must be that of the model's feed-forward layers but was 32; 64");
    }
  }
}
