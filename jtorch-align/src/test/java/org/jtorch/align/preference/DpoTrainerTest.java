package org.jtorch.align.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.jtorch.train.TrainOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DpoTrainerTest {
  private static final Collator COLLATOR = new Collator(16, 4);
  private static final List<PreferencePair> PAIRS = Answers.pairs(32, 1);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DpoTrainer trainer(Decoder policy, Reference reference, Optimizer adam, PreferenceLoss loss, TrainOptions train) {
    return new DpoTrainer(policy, reference, adam, new ExampleBatches<>(3, 8, PAIRS, List::copyOf), DpoTrainer.Options.of(loss, COLLATOR, train));
  }

  // ---- learning

  @Test void chosenAnswersBecomeLikelierAndHeldOutPairsAreRanked() {
    var log = new TinyPolicy.Recorder();
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var trainer = trainer(policy, reference, adam, new Dpo(0.1), TinyPolicy.options(60, 3e-3).withAccumulate(2));
      var before = trainer.score(Answers.pairs(16, 99));
      trainer.fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      var after = trainer.score(Answers.pairs(16, 99));
      assertThat(before.get("loss")).isCloseTo(Math.log(2), within(1e-6));
      assertThat(before.get("rewards_margin")).isCloseTo(0, within(1e-6));
      assertThat(after.get("rewards_accuracy")).isGreaterThan(0.9);
      assertThat(after.get("loss")).isLessThan(0.55);
      assertThat(lead(after)).isGreaterThan(lead(before) + 5);
    }
    assertThat(log.first("rewards_margin")).isCloseTo(0, within(1e-6));
    assertThat(log.last("rewards_margin")).isGreaterThan(1);
    assertThat(log.steps.getFirst().loss()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0);
    assertThat(log.steps.subList(2, 60).stream().map(s -> s.nativeObjects()).distinct()).hasSize(1);
  }

  private static double lead(SequencedMap<String, Double> figures) {
    return figures.getOrDefault("logps_chosen", Double.NaN) - figures.getOrDefault("logps_rejected", Double.NaN);
  }

  @Test void overfitsOneBatchWithTheLikelihoodTerm() {
    var log = new TinyPolicy.Recorder();
    var four = PAIRS.subList(0, 4);
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = DpoTrainer.Options.of(new Dpo(0.1), COLLATOR, TinyPolicy.options(150, 1e-2)).withNll(0.2);
      new DpoTrainer(policy, reference, adam, new ExampleBatches<>(1, 4, four, List::copyOf), options)
          .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    assertThat(log.steps.getLast().loss()).isLessThan(0.15);
    assertThat(log.last("rewards_accuracy")).isEqualTo(1.0);
    assertThat(log.last("logps_chosen")).as("the chosen answers are learned by heart").isGreaterThan(log.first("logps_chosen") + 5);
  }

  @Test void lossesWithoutAReferenceLearnWithoutOne() {
    for (PreferenceLoss loss : List.of(new SimPo(2, 0.5), new Orpo(0.5))) {
      var log = new TinyPolicy.Recorder();
      try (var policy = TinyPolicy.model(DType.F32, 1); var adam = TinyPolicy.adam(policy)) {
        trainer(policy, Reference.precomputed(), adam, loss, TinyPolicy.options(40, 5e-3)).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
      assertThat(log.last("rewards_accuracy")).as("%s", loss).isEqualTo(1.0);
      assertThat(log.steps.getLast().loss()).isLessThan(log.steps.getFirst().loss());
    }
  }

  // ---- references

  @Test void aCopyAndThePrecomputedReferenceGiveTheSameGradients() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var other = TinyPolicy.model(DType.F32, 2); var adam = TinyPolicy.adam(policy)) {
      var known = new ReferenceScores(Reference.of(other), COLLATOR, 5).of(policy, PAIRS);
      var batch = PAIRS.subList(0, 8);
      var live = trainer(policy, Reference.of(other), adam, new Dpo(0.1), TinyPolicy.options(1, 1e-3));
      double loss = live.gradients(batch).loss();
      double[] gradients = TinyPolicy.gradients(policy);
      policy.zeroGrad();
      var stored = trainer(policy, Reference.precomputed(), adam, new Dpo(0.1), TinyPolicy.options(1, 1e-3));
      assertThat(stored.gradients(known.subList(0, 8)).loss()).isCloseTo(loss, within(1e-6));
      assertThat(TinyPolicy.gradients(policy)).containsExactly(gradients, within(1e-6));
      policy.zeroGrad();
      assertThatThrownBy(() -> stored.gradients(batch)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("ReferenceScores");
    }
  }

  @Test void theAdapterSwitchedOffIsTheModelBeneath() {
    var log = new TinyPolicy.Recorder();
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy);
        var lora = Lora.apply(policy, LoraConfig.of(4, 8, new Targets.AllLinear()), Rng.of(5));
        var adam = TinyPolicy.adam(lora)) {
      var off = trainer(policy, Reference.adapterOff(), adam, new Dpo(0.1), TinyPolicy.options(120, 1e-2));
      off.fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      var held = Answers.pairs(48, 7);
      var beside = trainer(policy, reference, adam, new Dpo(0.1), TinyPolicy.options(1, 1e-2)).score(held);
      assertThat(off.score(held).get("loss")).isCloseTo(beside.get("loss"), within(1e-6));
      assertThat(off.score(held).get("rewards_accuracy")).as("of 48 pairs, where chance is a half with a deviation of 0.07").isGreaterThan(0.68);
    }
    assertThat(log.first("rewards_margin")).isCloseTo(0, within(1e-6));
  }

  @Test void theCopyStaysWhenThePolicyMoves() {
    try (var policy = TinyPolicy.model(DType.BF16, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var trainer = trainer(policy, reference, adam, new Dpo(0.1), TinyPolicy.options(3, 1e-2));
      var first = new ReferenceScores(reference, COLLATOR, 8).of(policy, PAIRS.subList(0, 8));
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      assertThat(new ReferenceScores(reference, COLLATOR, 8).of(policy, PAIRS.subList(0, 8))).extracting(p -> p.chosen().reference())
          .isEqualTo(first.stream().map(p -> p.chosen().reference()).toList());
    }
  }

  // ---- what counts

  @Test void neitherMicroBatchesNorPaddingChangeTheGradient() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var other = TinyPolicy.model(DType.F32, 2); var adam = TinyPolicy.adam(policy)) {
      double[] whole = new double[0];
      for (int accumulate : new int[] {1, 2, 4}) {
        var options = DpoTrainer.Options.of(new Dpo(0.1), accumulate == 4 ? new Collator(16, 16) : COLLATOR,
            TinyPolicy.options(1, 1e-3).withAccumulate(accumulate)).withNll(0.2);
        var trainer = new DpoTrainer(policy, Reference.of(other), adam, new ExampleBatches<>(3, 8, PAIRS, List::copyOf), options);
        var _ = trainer.gradients(PAIRS.subList(0, 8));
        double[] gradients = TinyPolicy.gradients(policy);
        policy.zeroGrad();
        whole = whole.length == 0 ? gradients : whole;
        assertThat(gradients).as("%d micro-batches", accumulate).containsExactly(whole, within(2e-6));
      }
    }
  }

  /// The last token of each answer is the template's: without the likelihood term what it is does not matter to the preference.
  @Test void formatTokensAreLeftOutOfThePreferenceAndStayInTheLikelihood() {
    var pair = Answers.marked(PAIRS.getFirst());
    var changed = new PreferencePair(otherEnd(pair.chosen()), otherEnd(pair.rejected()));
    try (var policy = TinyPolicy.model(DType.F32, 1); var other = TinyPolicy.model(DType.F32, 2); var adam = TinyPolicy.adam(policy)) {
      var plain = trainer(policy, Reference.of(other), adam, new Dpo(0.1), TinyPolicy.options(1, 1e-3));
      assertThat(plain.score(List.of(changed))).isEqualTo(plain.score(List.of(pair)));
      assertThat(plain.score(List.of(PAIRS.getFirst())).get("loss")).isNotEqualTo(plain.score(List.of(pair)).get("loss"));
      var options = DpoTrainer.Options.of(new Dpo(0.1), COLLATOR, TinyPolicy.options(1, 1e-3)).withNll(0.2);
      var both = new DpoTrainer(policy, Reference.of(other), adam, new ExampleBatches<>(3, 8, PAIRS, List::copyOf), options);
      assertThat(both.score(List.of(changed)).get("loss")).isNotEqualTo(both.score(List.of(pair)).get("loss"));
    }
  }

  @SuppressWarnings("NullAway")                // does not see that an array of a record may be null
  private static AnswerRow otherEnd(AnswerRow row) {
    long[] ids = row.row().ids().clone();
    ids[ids.length - 1] = 2;
    return new AnswerRow(new TokenRow(ids, Objects.requireNonNull(row.row().weights())), row.format(), Double.NaN);
  }

  @Test void whatABatchWouldCutIsRefused() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var adam = TinyPolicy.adam(policy)) {
      var options = DpoTrainer.Options.of(new SimPo(2, 0), new Collator(4, 4), TinyPolicy.options(1, 1e-3));
      var trainer = new DpoTrainer(policy, Reference.precomputed(), adam, new ExampleBatches<>(3, 8, PAIRS, List::copyOf), options);
      assertThatThrownBy(() -> trainer.gradients(PAIRS)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("would cut its end");
      assertThatThrownBy(() -> trainer(policy, Reference.precomputed(), adam, new SimPo(2, 0), TinyPolicy.options(1, 1).withAccumulate(3)))
          .hasMessageContaining("`accumulate` (3) must divide the batch's pairs (8)");
      var wide = DpoTrainer.Options.of(new SimPo(2, 0), new Collator(64, 4), TinyPolicy.options(1, 1e-3));
      assertThatThrownBy(() -> new DpoTrainer(policy, Reference.precomputed(), adam, new ExampleBatches<>(3, 8, PAIRS, List::copyOf), wide))
          .hasMessageContaining("up to 64 tokens but the model allows 32");
    }
  }

  // ---- going on

  private record End(List<Double> losses, SequencedMap<String, double[]> state) {}

  private static End run(Path folder, DType dtype, long until) {
    try (var policy = TinyPolicy.model(dtype, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var trainer = trainer(policy, reference, adam, new Dpo(0.1), TinyPolicy.options(8, 3e-3).withAccumulate(2));
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(policy, null)).with("optimizer", Saved.of(adam, policy.weights()))
          .with("spike_guard", trainer.spikes()).with("data", Saved.of(new ExampleBatches<>(3, 8, PAIRS, List::copyOf)));
      var log = new TinyPolicy.Recorder();
      var from = checkpoint.newest(note -> {
        throw new AssertionError(note);
      }).map(checkpoint::restore).orElse(Progress.START);
      trainer.fit(from, log, new Hooks(TinyPolicy.NO_HOOKS.evaluate(), checkpoint::save, () -> log.steps.getLast().step() == until));
      return new End(log.steps.stream().map(s -> s.loss()).toList(), TinyPolicy.state(policy, adam));
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void aRunInterruptedTwiceEndsInTheSameBits(DType dtype, @TempDir Path temp) {
    var whole = run(temp.resolve("whole"), dtype, 8);
    var losses = new ArrayList<Double>();
    End last = whole;
    for (long until : new long[] {3, 5, 8}) {
      last = run(temp.resolve("parts"), dtype, until);
      losses.addAll(last.losses);
    }
    assertThat(losses).isEqualTo(whole.losses).hasSize(8);
    for (var entry : whole.state.entrySet()) {
      assertThat(last.state.get(entry.getKey())).as(entry.getKey()).isEqualTo(entry.getValue());
    }
  }

  @Test void pairsOnTheDiskAreTheSameToTheBit(@TempDir Path temp) {
    try (var policy = TinyPolicy.model(DType.F32, 1); var tokenizer = TinyPolicy.load(temp.resolve("tokenizer"))) {
      var marked = PAIRS.stream().map(Answers::marked).toList();
      var known = new ReferenceScores(Reference.of(policy), COLLATOR, 4).of(policy, marked);
      PairShards.write(temp.resolve("pairs"), tokenizer, 0, known);
      var read = PairShards.read(temp.resolve("pairs"), tokenizer);
      assertThat(read).hasSize(known.size());
      for (int i = 0; i < read.size(); i++) {
        same(read.get(i).chosen(), known.get(i).chosen());
        same(read.get(i).rejected(), known.get(i).rejected());
      }
    }
  }

  private static void same(AnswerRow a, AnswerRow b) {
    assertThat(a.row().ids()).isEqualTo(b.row().ids());
    assertThat(a.row().weights()).isEqualTo(b.row().weights());
    assertThat(a.format()).isEqualTo(b.format());
    assertThat(a.reference()).isEqualTo((float) b.reference());
  }
}
