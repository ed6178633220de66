package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
}
