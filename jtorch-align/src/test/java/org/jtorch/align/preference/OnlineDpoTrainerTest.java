package org.jtorch.align.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.IntStream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.align.rollout.Rollouts;
import org.jtorch.chat.Chat;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.decoder.Decoder;
import org.jtorch.generate.Generation;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.ranks.Ranks;
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

/// A policy that is rewarded for even tokens.
public class OnlineDpoTrainerTest {
  private static final List<Prompt> PROMPTS = prompts(16, 1);
  /// The share of an answer's tokens that are even.
  private static final RewardSum GOLD = RewardSum.of("even", answers -> answers.stream().mapToDouble(OnlineDpoTrainerTest::even).toArray());

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  public static double even(Answer answer) {
    return Arrays.stream(answer.generation().tokens()).filter(t -> t % 2 == 0).count() / (double) answer.length();
  }

  public static List<Prompt> prompts(int n, long seed) {
    var random = new Random(seed);
    return IntStream.range(0, n).mapToObj(i -> new Prompt(Chat.of(List.of()), random.longs(2 + random.nextInt(3), 2, TinyPolicy.VOCAB).toArray(),
        null, "prompts.jsonl:" + (i + 1))).toList();
  }

  public static OnlineDpoTrainer.Options options(int answers, TrainOptions train) {
    var sampling = new Options(6, Sampling.temperature(1), Set.of(1L), 7, 0);
    return new OnlineDpoTrainer.Options(DpoTrainer.Options.of(new Dpo(0.3), new Collator(16, 4), train),
        new Rollouts(answers, sampling, Arrays::toString), BestAgainstWorst.ANY);
  }

  private static ExampleBatches<Prompt, List<Prompt>> batches() {
    return new ExampleBatches<>(3, 8, PROMPTS, List::copyOf);
  }

  private static OnlineDpoTrainer trainer(Decoder policy, Reference reference, Optimizer adam, RewardSum reward, TrainOptions train) {
    return new OnlineDpoTrainer(policy, reference, adam, batches(), reward, options(4, train), Ranks.ALONE);
  }

  // ---- learning

  @Test void theGoldRewardRises() {
    var log = new TinyPolicy.Recorder();
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var trainer = trainer(policy, reference, adam, GOLD, TinyPolicy.options(40, 5e-3).withAccumulate(2));
      double before = gold(trainer.score(prompts(32, 99)));
      trainer.fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      double after = gold(trainer.score(prompts(32, 99)));
      assertThat(before).isBetween(0.35, 0.65);
      assertThat(after).isGreaterThan(0.85);
    }
    assertThat(log.steps.getFirst().loss()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(log.first("pairs")).isEqualTo(1.0);
    assertThat(log.last("reward_even")).isGreaterThan(log.first("reward_even") + 0.2);
    assertThat(log.steps.getFirst().figures()).containsKeys("reward", "reward_lead", "answer_tokens", "complete", "unjudged", "rewards_margin");
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0);
    assertThat(log.steps.subList(2, 40).stream().map(s -> s.nativeObjects()).distinct()).as("nothing leaks").hasSize(1);
  }

  private static double gold(SequencedMap<String, Double> figures) {
    return figures.getOrDefault("reward_even", Double.NaN);
  }

  @Test void aReferenceThatFollowsLetsThePolicyGoOn() {
    double[] after = new double[2];
    for (int follows = 0; follows < 2; follows++) {
      var log = new TinyPolicy.Recorder();
      try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.following(policy, follows * 0.6, 4);
          var adam = TinyPolicy.adam(policy)) {
        trainer(policy, reference, adam, GOLD, TinyPolicy.options(12, 5e-3)).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
        after[follows] = log.last("rewards_margin");
      }
    }
    assertThat(after[1]).as("measured from nearer").isLessThan(after[0]);
  }

  @Test void whatMakesNoPairTeachesNothing() {
    var log = new TinyPolicy.Recorder();
    try (var policy = TinyPolicy.model(DType.F32, 1); var reference = Reference.frozenCopyOf(policy); var adam = TinyPolicy.adam(policy)) {
      var before = TinyPolicy.state(policy, adam);
      for (var reward : List.of(RewardSum.of("same", answers -> new double[answers.size()]),
          RewardSum.of("none", answers -> answers.stream().mapToDouble(_ -> Double.NaN).toArray()))) {
        trainer(policy, reference, adam, reward, TinyPolicy.options(3, 1e-2).withAccumulate(2)).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
        assertThat(log.last("pairs")).isZero();
        assertThat(log.steps.getLast().loss()).isZero();
      }
      assertThat(log.last("unjudged")).isEqualTo(1);
      assertThat(log.last("reward")).isNaN();
      var after = TinyPolicy.state(policy, adam);
      before.forEach((name, values) -> assertThat(after.get(name)).as(name).isEqualTo(values));
    }
  }

  // ---- the pair

  private static Answer answer(String text, boolean stopped) {
    return new Answer(PROMPTS.getFirst(), new Generation(new long[] {text.charAt(0)}, new float[1], new float[1], stopped), text);
  }

  @Test void theBestStandsAgainstTheWorst() {
    var answers = List.of(answer("b", true), answer("a", true), answer("d", true), answer("c", true));
    var pair = BestAgainstWorst.ANY.of(answers, new double[] {0, Double.NaN, 2, -1}).orElseThrow();
    assertThat(pair.chosen().row().ids()).endsWith('d');
    assertThat(pair.rejected().row().ids()).endsWith('c');
    assertThat(BestAgainstWorst.ANY.of(answers, new double[] {1, 1, 1, 1})).isEmpty();
    assertThat(new BestAgainstWorst(3, 0).of(answers, new double[] {0, 0, 2, -1})).isPresent();
    assertThat(new BestAgainstWorst(3.1, 0).of(answers, new double[] {0, 0, 2, -1})).as("too small a lead").isEmpty();
    assertThat(BestAgainstWorst.ANY.of(List.of(answer("a", true), answer("a", false)), new double[] {1, 0})).as("the same words").isEmpty();
    var cut = List.of(answer("b", false), answer("a", true));
    assertThat(new BestAgainstWorst(0, 2).of(cut, new double[] {1, 0}).orElseThrow().chosen().row().ids()).as("cut").endsWith('a');
  }

  @Test void whatCannotBeIsRefused() {
    assertThatThrownBy(() -> options(1, TinyPolicy.options(1, 1e-3))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("`answers` must be >= 2 but was 1");
    try (var policy = TinyPolicy.model(DType.F32, 1); var adam = TinyPolicy.adam(policy)) {
      assertThatThrownBy(() -> Reference.following(policy, 1.5, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("`mu`");
      assertThatThrownBy(() -> Reference.following(policy, 0.5, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("`every`");
      var trainer = trainer(policy, Reference.precomputed(), adam, GOLD, TinyPolicy.options(1, 1e-3));
      assertThatThrownBy(() -> trainer.fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  // ---- going on

  private record End(List<Double> losses, SequencedMap<String, double[]> state) {}

  private static End run(Path folder, DType dtype, long until) {
    try (var policy = TinyPolicy.model(dtype, 1); var reference = Reference.following(policy, 0.3, 2); var adam = TinyPolicy.adam(policy)) {
      var trainer = trainer(policy, reference, adam, GOLD, TinyPolicy.options(8, 3e-3).withAccumulate(2));
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(policy, null)).with("optimizer", Saved.of(adam, policy.weights()))
          .with("spike_guard", trainer.spikes()).with("data", Saved.of(batches())).with("reference", reference.saved(policy.weights()));
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
}
