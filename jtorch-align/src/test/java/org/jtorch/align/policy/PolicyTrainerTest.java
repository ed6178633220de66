package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.preference.Reference;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.decoder.Decoder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Checkpoint;
import org.jtorch.train.DivergedException;
import org.jtorch.train.Hooks;
import org.jtorch.train.ModelFolder;
import org.jtorch.train.Progress;
import org.jtorch.train.Saved;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyTrainerTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  // ---- learning

  static Stream<Arguments> ways() {
    var mirror = new MirrorDescent(0.5);
    return Stream.of(
        Arguments.of("REINFORCE", new BatchMean(), new PolicyGradient(), Updates.ONE),
        Arguments.of("RLOO", new LeaveOneOut(false), new PolicyGradient(), Updates.ONE),
        Arguments.of("RLOO with a clip", new LeaveOneOut(true), new ClippedAnswers(0.2, 0.28), Updates.of(2, 2)),
        Arguments.of("GRPO", new GroupMean(GroupMean.Scale.GROUP), new ClippedTokens(0.2, 0.2, new Averaging.PerAnswer(), 0.02), Updates.of(2, 1)),
        Arguments.of("Dr. GRPO", new GroupMean(GroupMean.Scale.NONE), new ClippedTokens(0.2, 0.28, new Averaging.PerLongest(5), 0), Updates.ONE),
        Arguments.of("MDLOO", new LeaveOneOut(false), mirror, Updates.of(3, 1)),
        Arguments.of("MDLOO, annealed", new LeaveOneOut(false), new MirrorDescent(1, MirrorDescent.Way.K3, true), Updates.of(3, 1)),
        Arguments.of("RAFT", new BestOf(), new PolicyGradient(), Updates.ONE.withoutAgreeing()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void theRewardRisesAndTheKlStaysBounded(String name, Advantage advantage, PolicyLoss loss, Updates updates) {
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = Echo.options(advantage, loss, 60, 8e-3).withKl(KlCoefficient.fixed(0.01)).withUpdates(updates);
      new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    double late = log.steps.subList(50, 60).stream().mapToDouble(s -> s.figures().getOrDefault(RolloutFigures.REWARD, 0.0)).average().orElse(0);
    assertThat(log.first(RolloutFigures.REWARD)).as("any number, and a stop").isBetween(0.8, 1.2);
    assertThat(late).as("%s after 60 steps", name).isGreaterThan(1.35);
    assertThat(log.last(RolloutFigures.KL)).as("nats of an answer, ln 2 to say the right one each time").isBetween(0.4, 2.5);
    assertThat(log.first(RolloutFigures.SAMPLER_GAP)).isLessThan(1e-5);
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0);
  }

  // ---- gradients

  private static double[] gradients(Decoder policy, Reference reference, PolicyTrainer.Options options, PolicyLoss loss) {
    try (var adam = TinyPolicy.adam(policy)) {
      var trainer = new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
      var _ = trainer.gradients(trainer.lessons(trainer.experiences(0)), loss);
      double[] found = TinyPolicy.gradients(policy);
      policy.zeroGrad();
      return found;
    }
  }

  @Test void mirrorDescentBeginsWithTheGradientOfRloo() {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy)) {
      for (int epochs : new int[] {1, 2}) {                                             // with the policy of now as the old one, and with the stored one
        var options = Echo.options(new LeaveOneOut(false), new PolicyGradient(), 1, 1e-3).withUpdates(Updates.of(epochs, 1));
        double[] rloo = gradients(policy, reference, options, new PolicyGradient());
        assertThat(Arrays.stream(rloo).map(Math::abs).max().orElse(0)).isGreaterThan(1e-3);
        assertThat(gradients(policy, reference, options, new MirrorDescent(1))).containsExactly(rloo, within(1e-5));
        assertThat(gradients(policy, reference, options, new ClippedAnswers(0.2, 0.2))).containsExactly(rloo, within(1e-5));
      }
    }
  }

  @Test void microBatchesDoNotChangeTheGradient() {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy)) {
      for (PolicyLoss loss : List.of(new MirrorDescent(1), new ClippedTokens(0.2, 0.2, new Averaging.PerAnswer(), 0.1), ClippedTokens.ppo(0.2))) {
        double[] whole = new double[0];
        for (int accumulate : new int[] {1, 2, 4}) {
          var options = PolicyTrainer.Options.of(Echo.rollouts(4, 1), new LeaveOneOut(false), loss, Echo.COLLATOR,
              TinyPolicy.options(1, 1e-3).withAccumulate(accumulate));
          double[] found = gradients(policy, reference, options, loss);
          whole = whole.length == 0 ? found : whole;
          assertThat(found).as("%s in %d", loss, accumulate).containsExactly(whole, within(2e-6));
        }
      }
    }
  }

  /// The policy that answers at a temperature is the tempered one, for the trainer too.
  @Test void samplerAndTrainerAgreeAtAnyTemperature() {
    for (double temperature : new double[] {0.7, 1, 1.5}) {
      try (var policy = Echo.begun(DType.F32); var adam = TinyPolicy.adam(policy)) {
        var options = PolicyTrainer.Options.of(Echo.rollouts(8, temperature), new LeaveOneOut(false), new PolicyGradient(), Echo.COLLATOR,
            TinyPolicy.options(1, 1e-3)).withKl(KlCoefficient.fixed(0));
        var experiences = new PolicyTrainer(policy, null, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE).experiences(0);
        assertThat(experiences).hasSize(16).allSatisfy(e -> assertThat(e.largestGap()).isLessThan(1e-5));
        assertThat(experiences).anyMatch(e -> e.old()[0] < -0.3f);
      }
    }
  }

  /// The whole divergence from the policy that answered holds a policy back, and so does that from a fixed model.
  @Test void anchorsHoldThePolicy() {
    double free = travelled(0);
    assertThat(travelled(0.3)).as("with an anchor").isLessThan(0.7 * free);
  }

  private static double travelled(double weight) {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy);
        var fixed = Echo.begun(DType.F32)) {
      var near = weight == 0 ? List.<Anchor>of() : List.of(Anchor.fixed(fixed, weight));
      var options = Echo.options(new LeaveOneOut(false), new MirrorDescent(0, MirrorDescent.Way.NONE, false), 30, 5e-3).withUpdates(Updates.of(2, 1))
          .withKl(KlCoefficient.fixed(0)).withAnchors(near);
      var trainer = new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
      trainer.fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      return trainer.figures(trainer.answers(Echo.prompts())).getOrDefault(RolloutFigures.KL, Double.NaN);
    }
  }

  @Test void mirrorDescentInFullLearns() {
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy);
        var previous = Anchor.previous(policy, 0.5)) {
      var options = Echo.options(new LeaveOneOut(false), new MirrorDescent(0, MirrorDescent.Way.NONE, false), 60, 8e-3).withUpdates(Updates.of(3, 1))
          .withKl(KlCoefficient.fixed(0.01)).withAnchors(List.of(previous));
      new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    assertThat(log.last(RolloutFigures.REWARD)).isGreaterThan(1.3);
  }

  // ---- what ends a step, and a run

  @Test void aPolicyThatIsTooFarMakesNoFurtherUpdate() {
    try (var policy = Echo.begun(DType.F32); var adam = TinyPolicy.adam(policy)) {
      var options = Echo.options(new LeaveOneOut(false), new MirrorDescent(0), 1, 5e-2).withKl(KlCoefficient.fixed(0))
          .withUpdates(Updates.of(20, 1).withFarthest(0.5));
      var log = new TinyPolicy.Recorder();
      new PolicyTrainer(policy, null, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      long answerTokens = Math.round(log.last(RolloutFigures.ANSWER_TOKENS) * 32);
      assertThat(log.steps.getLast().tokens()).as("tokens learned from").isBetween(2 * answerTokens, 12 * answerTokens);
      assertThat(log.last(RolloutFigures.FARNESS)).isGreaterThan(0.5);
    }
  }

  @Test void aCollapsedRunStopsAndSaysSo() {
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var options = Echo.options(new LeaveOneOut(false), new PolicyGradient(), 60, 5e-2).withKl(KlCoefficient.fixed(0))
          .withBounds(new Bounds(0, Double.NEGATIVE_INFINITY, 0.2));
      var trainer = new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
      assertThatThrownBy(() -> trainer.fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS)).isInstanceOf(DivergedException.class)
          .hasMessageContaining("is above `max_kl` (0.2); raise `beta`");
    }
    assertThatThrownBy(() -> new Bounds(0.5, 0, 1).check(7, Map.of(RolloutFigures.ENTROPY, 0.1)))
        .hasMessageContaining("collapsed at step 7: entropy 0.1 is below `min_entropy` (0.5)");
  }

  @Test void rewardsThatCannotJudgeCostNothing() {
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var adam = TinyPolicy.adam(policy)) {
      var blind = RewardSum.of("blind", answers -> answers.stream().mapToDouble(_ -> Double.NaN).toArray());
      double[] before = TinyPolicy.state(policy, adam).values().iterator().next();
      var options = Echo.options(new LeaveOneOut(false), new PolicyGradient(), 2, 1e-2).withKl(KlCoefficient.fixed(0));
      new PolicyTrainer(policy, null, adam, Echo.batches(2), blind, options, Ranks.ALONE).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      assertThat(TinyPolicy.state(policy, adam).values().iterator().next()).isEqualTo(before);
    }
    assertThat(log.last(RolloutFigures.UNJUDGED)).isEqualTo(1);
    assertThat(log.last(RolloutFigures.REWARD)).isNaN();
  }

  @Test void whatCannotBeIsRefused() {
    try (var policy = TinyPolicy.model(DType.F32, 1); var adam = TinyPolicy.adam(policy)) {
      var good = Echo.options(new LeaveOneOut(false), new PolicyGradient(), 1, 1e-2);
      assertThatThrownBy(() -> new PolicyTrainer(policy, null, adam, Echo.batches(2), Echo.reward(), good, Ranks.ALONE))
          .hasMessageContaining("`beta` is above 0 but there is no reference");
      assertThatThrownBy(() -> PolicyTrainer.Options.of(Echo.rollouts(1, 1), new LeaveOneOut(false), new PolicyGradient(), Echo.COLLATOR, good.train()))
          .hasMessageContaining("`answers` is 1 but LeaveOneOut compares a prompt's answers, so it takes 2 or more");
      assertThatThrownBy(() -> Echo.rollouts(2, 0)).hasMessageContaining("`temperature` is 0");
    }
  }

  // ---- going on

  private record End(List<Double> losses, SequencedMap<String, double[]> state) {}

  private static End run(Path folder, DType dtype, long until) {
    try (var policy = Echo.begun(dtype); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var beta = KlCoefficient.adaptive(0.05, 1, 0.1);
      var options = Echo.options(new LeaveOneOut(false), new MirrorDescent(1), 6, 3e-3).withUpdates(Updates.of(2, 2).withSamplerCap(2)).withKl(beta);
      var trainer = new PolicyTrainer(policy, reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(policy, null)).with("optimizer", Saved.of(adam, policy.weights()))
          .with("spike_guard", trainer.spikes()).with("kl", beta);
      var log = new TinyPolicy.Recorder();
      var from = checkpoint.newest(note -> {
        throw new AssertionError(note);
      }).map(checkpoint::restore).orElse(Progress.START);
      trainer.fit(from, log, new Hooks(TinyPolicy.NO_HOOKS.evaluate(), checkpoint::save, () -> log.steps.getLast().step() == until));
      return new End(log.steps.stream().map(s -> s.loss()).toList(), TinyPolicy.state(policy, adam));
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void aRunInterruptedTwiceEndsInTheSameBits(DType dtype, @TempDir Path temp) {
    var whole = run(temp.resolve("whole"), dtype, 6);
    var losses = new ArrayList<Double>();
    End last = whole;
    for (long until : new long[] {2, 3, 6}) {
      last = run(temp.resolve("parts"), dtype, until);
      losses.addAll(last.losses);
    }
    assertThat(losses).isEqualTo(whole.losses).hasSize(6);
    for (var entry : whole.state.entrySet()) {
      assertThat(last.state.get(entry.getKey())).as(entry.getKey()).isEqualTo(entry.getValue());
    }
  }
}
