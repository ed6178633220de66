package org.jtorch.align.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.errorprone.annotations.MustBeClosed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.Grades;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.data.Collator;
import org.jtorch.data.ExampleBatches;
import org.jtorch.data.TokenRow;
import org.jtorch.head.BradleyTerry;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.optim.AdamW;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
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
import org.junit.jupiter.params.provider.CsvSource;

class RewardTrainerTest {
  private static final Collator COLLATOR = new Collator(16, 4);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  private static DecoderClassifier model(long seed) {
    var model = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(seed));
    model.requiresGrad(true);
    return model;
  }

  /// Prompt and answer; the answer's quality is its number of tokens 40 and above.
  private static TokenRow row(Random random, int quality) {
    return TokenRow.of(LongStream.concat(random.longs(3, 3, 20), IntStream.range(0, 4).mapToLong(i -> i < quality ? 40 + random.nextInt(20)
        : 20 + random.nextInt(20))).toArray());
  }

  private static RankedRows pair(Random random) {
    int worse = random.nextInt(4);
    int better = worse + 1 + random.nextInt(4 - worse);
    var level = PreferenceLevel.values()[4 - (better - worse)];
    return new RankedRows(List.of(answer(random, better), answer(random, worse)), level, Double.NaN);
  }

  /// The first grade is known by the quality, the others are not given.
  private static RankedRows.Answer answer(Random random, int quality) {
    return new RankedRows.Answer(row(random, quality), new Grades(new int[] {quality / 2, -1, -1, -1}));
  }

  private static List<RankedRows> pairs(int n, long seed) {
    var random = new Random(seed);
    return IntStream.range(0, n).mapToObj(_ -> pair(random)).toList();
  }

  private static RewardTrainer trainer(DecoderClassifier model, @Nullable GradeHeads grades, AdamW adam, List<RankedRows> all,
      RewardTrainer.Options options) {
    return new RewardTrainer(model, grades, adam, new ExampleBatches<>(1, 8, all, List::copyOf), options, Ranks.ALONE);
  }

  private static RewardTrainer.Options options(Ranking ranking, TrainOptions train) {
    return RewardTrainer.Options.of(ranking, COLLATOR, train);
  }

  // ---- numbers

  /// The optimum is `ln(p / (1 − p))`, and the loss there the entropy of p.
  @ParameterizedTest
  @CsvSource({"SIGNIFICANTLY_BETTER, 2.94444, 0.198515", "BETTER, 1.73460, 0.422709", "SLIGHTLY_BETTER, 1.09861, 0.562335",
      "NEGLIGIBLY_BETTER, 0.61904, 0.647447"})
  void softLabelsHaveTheirBestLeadAndTheirGradient(PreferenceLevel level, double lead, double loss) {
    try (var _ = TensorScope.open()) {
      float p = (float) level.certainty();
      Tensor scores = Tensor.of((float) lead, 0f).requiresGrad(true);
      Tensor found = new BradleyTerry().softLoss(scores, Tensor.of(p));
      found.backward();
      assertThat(found.item()).isCloseTo(loss, within(2e-6));
      assertThat(Objects.requireNonNull(scores.grad()).toDoubles()[0]).as("σ(Δ) − p").isCloseTo(0, within(2e-6));
      assertThat(new BradleyTerry().softLoss(Tensor.of((float) lead + 0.1f, 0f), Tensor.of(p)).item()).isGreaterThan(found.item());
    }
  }

  @Test void theSpecificationsNumbers() {
    try (var _ = TensorScope.open()) {
      var one = Tensor.of(1f, 0f);
      assertThat(new BradleyTerry().softLoss(one, Tensor.of(0.85f)).item()).isCloseTo(0.4632616875, within(1e-6));
      assertThat(new BradleyTerry().loss(one, null).item()).isCloseTo(0.3132616875, within(1e-6));
      assertThat(new BradleyTerry().loss(one, Tensor.of(1f)).item()).as("a margin of 1").isCloseTo(Math.log(2), within(1e-6));
      assertThat(new BradleyTerry(0.01).loss(Tensor.of(2f, 1f), null).item()).as("with 0.01 (2 + 1)²").isCloseTo(0.3132616875 + 0.09, within(1e-6));
      assertThat(new BradleyTerry().softLoss(Tensor.of(0f, 1f), Tensor.of(0.15f)).item()).as("swapped, with 1 − p")
          .isCloseTo(0.4632616875, within(1e-6));
    }
    assertThat(Stream.of(PreferenceLevel.values()).mapToDouble(l -> Ranking.SMALL_MARGIN.margin(l, Double.NaN)))
        .containsExactly(1.0, 2 / 3.0, 1 / 3.0, 0.0);
    assertThat(Stream.of(PreferenceLevel.values()).mapToDouble(l -> Ranking.LARGE_MARGIN.margin(l, Double.NaN))).containsExactly(3.0, 2.0, 1.0, 0.0);
    assertThat(Ranking.LARGE_MARGIN.margin(PreferenceLevel.BETTER, 0.25)).as("what the file says comes first").isEqualTo(0.25);
    assertThat(Ranking.PLAIN.certainty(PreferenceLevel.BETTER)).isEqualTo(1);
  }

  /// Edited, chosen, rejected: the mean of the three pairs' losses, each answer a row once.
  @Test void threeAnswersAreTheirThreePairs() {
    var random = new Random(3);
    var rows = IntStream.range(0, 3).mapToObj(q -> new RankedRows.Answer(row(random, q), null)).toList();
    try (var model = model(1); var adam = TinyPolicy.adam(model)) {
      var three = new RankedRows(rows, null, Double.NaN);
      var trainer = trainer(model, null, adam, pairs(8, 1), options(Ranking.PLAIN, TinyPolicy.options(1, 1e-3)));
      double loss = trainer.gradients(List.of(three)).loss();
      double[] gradients = TinyPolicy.gradients(model);
      model.zeroGrad();
      var expanded = List.of(two(rows, 0, 1), two(rows, 0, 2), two(rows, 1, 2));
      assertThat(trainer.gradients(expanded).loss()).isCloseTo(loss, within(1e-6));
      assertThat(TinyPolicy.gradients(model)).containsExactly(gradients, within(1e-6));
      model.zeroGrad();
      double[] scores = new RewardScores(model, COLLATOR, 2).of(rows.stream().map(RankedRows.Answer::row).toList());
      double byHand = (minusLogSigmoid(scores[0] - scores[1]) + minusLogSigmoid(scores[0] - scores[2]) + minusLogSigmoid(scores[1] - scores[2])) / 3;
      assertThat(loss).isCloseTo(byHand, within(1e-6));
    }
  }

  private static RankedRows two(List<RankedRows.Answer> rows, int a, int b) {
    return new RankedRows(List.of(rows.get(a), rows.get(b)), null, Double.NaN);
  }

  private static double minusLogSigmoid(double x) {
    return Math.log1p(Math.exp(-x));
  }

  /// The padding's id is that of the last real token, and rows of one length have no padding at all.
  @Test void theScoreIsReadAtTheLastTokenWhateverThePaddingIs() {
    var rows = List.of(TokenRow.of(5, 6, 1), TokenRow.of(7, 8, 9, 10, 0), TokenRow.of(3, 0), TokenRow.of(2, 4, 1, 1));
    try (var model = model(1)) {
      double[] together = new RewardScores(model, COLLATOR, 4).of(rows);
      for (int i = 0; i < rows.size(); i++) {
        double[] alone = new RewardScores(model, new Collator(16, 1), 1).of(rows.subList(i, i + 1));
        assertThat(together[i]).isCloseTo(alone[0], within(1e-6));
      }
    }
  }

  @Test void gradesAreCrossEntropiesOfThoseThatAreKnown() {
    try (var _ = TensorScope.open()) {
      var two = new RankedRows(List.of(new RankedRows.Answer(TokenRow.of(1, 2), new Grades(new int[] {2, -1, 0, -1})),
          new RankedRows.Answer(TokenRow.of(1, 3), null)), null, Double.NaN);
      var batch = RankedBatch.of(List.of(two), Ranking.PLAIN, COLLATOR);
      Tensor logits = Tensor.of(new float[24]).view(2, 4, 3).requiresGrad(true);
      Tensor loss = batch.gradeLoss(logits);
      loss.backward();
      assertThat(loss.item()).as("two grades, three classes").isCloseTo(2 * Math.log(3), within(1e-6));
      double[] gradient = Objects.requireNonNull(logits.grad()).reshape(-1).toDoubles();
      assertThat(Arrays.copyOf(gradient, 3)).as("softmax − one-hot").containsExactly(new double[] {1 / 3.0, 1 / 3.0, -2 / 3.0}, within(1e-6));
      assertThat(Arrays.copyOfRange(gradient, 3, 6)).containsOnly(0);
      assertThat(Arrays.copyOfRange(gradient, 12, 24)).containsOnly(0);
    }
  }

  // ---- learning

  @ParameterizedTest @CsvSource({"PLAIN", "SMALL_MARGIN", "SOFT"}) void heldOutAnswersAreRanked(Ranking ranking) {
    var log = new TinyPolicy.Recorder();
    try (var model = model(1); var adam = TinyPolicy.adam(model)) {
      var trainer = trainer(model, null, adam, pairs(256, 1), options(ranking, TinyPolicy.options(120, 1e-2).withAccumulate(2)));
      trainer.fit(Progress.START, log, TinyPolicy.NO_HOOKS);
      var held = trainer.score(pairs(64, 9));
      assertThat(held.get("accuracy")).isGreaterThan(0.9);
      assertThat(held).containsKeys("loss", "accuracy_significantly_better", "accuracy_negligibly_better");
      assertThat(held.get("accuracy_significantly_better")).isGreaterThanOrEqualTo(held.get("accuracy_negligibly_better"));
    }
    assertThat(log.steps).allMatch(s -> s.liveTensors() == 0);
    assertThat(log.steps.subList(2, 120).stream().map(s -> s.nativeObjects()).distinct()).hasSize(1);
  }

  @Test void gradesAreLearnedBesideTheRanking() {
    var log = new TinyPolicy.Recorder();
    try (var model = model(1); var grades = GradeHeads.create(16, Device.CPU, DType.F32, Rng.of(4));
        var adam = AdamW.over(Stream.concat(model.parameters().stream(), grades.parameters().stream()).toList(), 0, AdamW.Options.DEFAULT)) {
      trainer(model, grades, adam, pairs(64, 1), options(Ranking.SOFT, TinyPolicy.options(60, 1e-2))).fit(Progress.START, log, TinyPolicy.NO_HOOKS);
    }
    assertThat(log.first(RewardTrainer.GRADE_LOSS)).as("two answers with one grade of three classes").isCloseTo(2 * Math.log(3), within(0.1));
    assertThat(log.last(RewardTrainer.GRADE_LOSS)).isLessThan(1);
    assertThat(log.last("accuracy")).isGreaterThan(0.8);
  }

  @Test void centeringPullsTheRewardsToZero() {
    var rows = pairs(64, 1);
    try (var model = model(1); var adam = TinyPolicy.adam(model)) {
      var options = new RewardTrainer.Options(Ranking.PLAIN, 0.1, 0.1, COLLATOR, TinyPolicy.options(60, 1e-2));
      trainer(model, null, adam, rows, options).fit(Progress.START, new TinyPolicy.Recorder(), TinyPolicy.NO_HOOKS);
      double[] scores = new RewardScores(model, COLLATOR, 8).of(rows.stream().flatMap(r -> r.answers().stream()).map(RankedRows.Answer::row).toList());
      assertThat(Arrays.stream(scores).average().orElseThrow()).isCloseTo(0, within(0.3));
    }
  }

  // ---- going on

  private record End(List<Double> losses, SequencedMap<String, double[]> state) {}

  private static End run(Path folder, long until) {
    try (var model = model(1); var adam = TinyPolicy.adam(model)) {
      var batches = new ExampleBatches<RankedRows, List<RankedRows>>(1, 8, pairs(32, 1), List::copyOf);
      var trainer = new RewardTrainer(model, null, adam, batches, options(Ranking.SOFT, TinyPolicy.options(8, 1e-2).withAccumulate(2)), Ranks.ALONE);
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("optimizer", Saved.of(adam, model.weights()))
          .with("spike_guard", trainer.spikes()).with("data", Saved.of(batches));
      var log = new TinyPolicy.Recorder();
      var from = checkpoint.newest(note -> {
        throw new AssertionError(note);
      }).map(checkpoint::restore).orElse(Progress.START);
      trainer.fit(from, log, new Hooks(TinyPolicy.NO_HOOKS.evaluate(), checkpoint::save, () -> log.steps.getLast().step() == until));
      return new End(log.steps.stream().map(s -> s.loss()).toList(), TinyPolicy.state(model, adam));
    }
  }

  @Test void aRunInterruptedTwiceEndsInTheSameBits(@TempDir Path temp) {
    var whole = run(temp.resolve("whole"), 8);
    var losses = new ArrayList<Double>();
    End last = whole;
    for (long until : new long[] {3, 5, 8}) {
      last = run(temp.resolve("parts"), until);
      losses.addAll(last.losses);
    }
    assertThat(losses).isEqualTo(whole.losses).hasSize(8);
    for (var entry : whole.state.entrySet()) {
      assertThat(last.state.get(entry.getKey())).as(entry.getKey()).isEqualTo(entry.getValue());
    }
  }

  @Test void whatIsNoRankingIsRefused() {
    assertThatThrownBy(() -> new RankedRows(List.of(new RankedRows.Answer(TokenRow.of(1, 2), null)), null, Double.NaN))
        .hasMessageContaining("needs two answers");
    var two = RankedRows.of(TokenRow.of(1, 2), TokenRow.of(1, 3));
    assertThat(RankedRows.atLeast(PreferenceLevel.BETTER, pairs(50, 1))).allMatch(r -> r.level() == PreferenceLevel.BETTER || r.level() == PreferenceLevel.SIGNIFICANTLY_BETTER).isNotEmpty();
    assertThat(RankedRows.atLeast(PreferenceLevel.BETTER, List.of(two))).hasSize(1);
    try (var wide = DecoderClassifier.create(TinyPolicy.SHAPE, Labels.classes("a", "b"), 1, Device.CPU, DType.F32, Rng.of(1)); var adam = TinyPolicy.adam(wide)) {
      assertThatThrownBy(() -> trainer(wide, null, adam, pairs(8, 1), options(Ranking.PLAIN, TinyPolicy.options(1, 1))))
          .hasMessageContaining("a reward model has one output but this one has 2");
    }
  }
}
