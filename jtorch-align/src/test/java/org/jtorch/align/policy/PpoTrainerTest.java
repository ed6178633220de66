package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.preference.Reference;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.nn.Parameter;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Progress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PpoTrainerTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static PpoTrainer.Options options(int steps, double rate) {
    return PpoTrainer.Options.of(Echo.rollouts(16, 1), Echo.COLLATOR, TinyPolicy.options(steps, rate)).withKl(KlCoefficient.fixed(0.05))
        .withUpdates(Updates.of(2, 1));
  }

  private static List<Parameter> together(List<Parameter> a, List<Parameter> b) {
    return Stream.concat(a.stream(), b.stream()).toList();
  }

  static Stream<Arguments> ways() {
    return Stream.of(
        Arguments.of("PPO", options(50, 3e-3)),
        Arguments.of("PPO that follows a KL", options(50, 3e-3).withKl(KlCoefficient.adaptive(0.01, 1, 0.1))),
        Arguments.of("MDPO", options(50, 3e-3).withLoss(new MirrorDescentTokens(0.5, false)).withGae(new Gae(1, 0.98))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void aSharedTrunkLearnsAndItsCriticExpectsTheReward(String name, PpoTrainer.Options options) {
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy);
        var head = ValueHead.create(TinyPolicy.SHAPE.dim(), Device.CPU, DType.F32);
        var adam = AdamW.over(together(policy.parameters(), head.parameters()), 0, AdamW.Options.DEFAULT)) {
      new PpoTrainer(policy, new Critic.Shared(head), reference, adam, Echo.batches(2), Echo.lower(), options)
          .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    double late = log.steps.subList(40, 50).stream().mapToDouble(s -> s.figures().getOrDefault(RolloutFigures.REWARD, 0.0)).average().orElse(0);
    assertThat(log.first(RolloutFigures.REWARD)).isBetween(0.8, 1.2);
    assertThat(late).as(name).isGreaterThan(1.3);
    assertThat(log.last(RolloutFigures.KL)).isLessThan(2.5);
    assertThat(log.last(PpoTrainer.VALUE_LOSS)).as("half the square").isLessThan(0.3 * log.first(PpoTrainer.VALUE_LOSS));
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0);
  }

  @Test void aCriticOfItsOwnLearnsBeside() {
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy);
        var critic = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      critic.requiresGrad(true);
      try (var adam = AdamW.over(together(policy.parameters(), critic.parameters()), 0, AdamW.Options.DEFAULT)) {
        new PpoTrainer(policy, new Critic.Own(critic), reference, adam, Echo.batches(2), Echo.lower(), options(50, 3e-3).withValueWeight(1))
            .fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      }
    }
    assertThat(log.last(RolloutFigures.REWARD)).isGreaterThan(1.25);
    assertThat(log.last(PpoTrainer.VALUE_LOSS)).isLessThan(0.3 * log.first(PpoTrainer.VALUE_LOSS));
  }

  /// The likelihood of the text that is learned along rises while the reward does.
  @Test void pretrainingTextIsLearnedAlong() {
    var rows = new ArrayList<TokenRow>();
    for (int i = 0; i < 8; i++) {
      rows.add(TokenRow.of(50, 51, 52, 53, 54, 55));
    }
    var log = new TinyPolicy.Recorder();
    try (var policy = Echo.begun(DType.F32); var head = ValueHead.create(TinyPolicy.SHAPE.dim(), Device.CPU, DType.F32);
        var adam = AdamW.over(together(policy.parameters(), head.parameters()), 0, AdamW.Options.DEFAULT)) {
      var mix = new PretrainingMix(new ExampleBatches<>(1, 4, rows, Echo.COLLATOR::batch), 0.5);
      new PpoTrainer(policy, new Critic.Shared(head), null, adam, Echo.batches(2), Echo.reward(),
          options(20, 5e-3).withKl(KlCoefficient.fixed(0)).withPretraining(mix)).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    assertThat(log.last(PpoTrainer.PRETRAINING_LOSS)).isLessThan(0.3 * log.first(PpoTrainer.PRETRAINING_LOSS));
  }

  @Test void microBatchesDoNotChangeTheGradient() {
    double[] whole = new double[0];
    for (int accumulate : new int[] {1, 2, 4}) {
      try (var policy = Echo.begun(DType.F32); var reference = Reference.frozenCopyOf(policy);
          var head = ValueHead.create(TinyPolicy.SHAPE.dim(), Device.CPU, DType.F32);
          var adam = AdamW.over(together(policy.parameters(), head.parameters()), 0, AdamW.Options.DEFAULT)) {
        var options = PpoTrainer.Options.of(Echo.rollouts(4, 1), Echo.COLLATOR, TinyPolicy.options(1, 1e-3).withAccumulate(accumulate));
        var trainer = new PpoTrainer(policy, new Critic.Shared(head), reference, adam, Echo.batches(2), Echo.reward(), options, Ranks.ALONE);
        var _ = trainer.gradients(trainer.lessons(trainer.experiences(0)), options.loss(), 0);
        double[] found = Stream.of(TinyPolicy.gradients(policy), TinyPolicy.gradients(head)).flatMapToDouble(Arrays::stream).toArray();
        policy.zeroGrad();
        head.zeroGrad();
        whole = whole.length == 0 ? found : whole;
        assertThat(found).containsExactly(whole, within(3e-6));
      }
    }
  }
}
