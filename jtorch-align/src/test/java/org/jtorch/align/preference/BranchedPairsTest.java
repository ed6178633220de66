package org.jtorch.align.preference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.Collator;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rows that share their prompts give what separate rows give.
class BranchedPairsTest {
  private static final Collator COLLATOR = new Collator(200, 8);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// Prompts of 2 to 150 tokens, and answers that begin alike, or end at once.
  private static List<PreferencePair> pairs(int... prompts) {
    var random = new Random(5);
    var pairs = new ArrayList<PreferencePair>();
    for (int n : prompts) {
      long[] prompt = random.longs(n, 2, TinyPolicy.VOCAB).toArray();
      long first = 2 + random.nextInt(50);
      pairs.add(new PreferencePair(AnswerRow.of(prompt, new long[] {first, 7, 9, 11, 1}).withReference(-3),
          AnswerRow.of(prompt, new long[] {first, 8, 1}).withReference(-4)));
    }
    var marked = Answers.marked(pairs.getFirst());
    pairs.add(new PreferencePair(marked.chosen(), marked.rejected()));
    pairs.add(new PreferencePair(AnswerRow.of(new long[] {5}, new long[] {1}), AnswerRow.of(new long[] {5}, new long[] {9, 1})));
    pairs.add(new PreferencePair(AnswerRow.of(new long[] {5, 6}, new long[] {1}), AnswerRow.of(new long[] {7, 6, 4}, new long[] {9, 1})));
    return pairs;
  }

  private record Found(double[] sums, double chosen, double[] gradients) {}

  private static Found found(Decoder model, ScoredAnswers answers) {
    try (var tape = GradTape.open()) {
      Tensor tokens = ScoredAnswers.tokenLogps(model, answers.rows(), answers.input(model.device()), Pass.training(tape), new TokenLogProbs(0));
      Tensor sums = answers.sums(tokens);
      Tensor weights = Ops.arange(1, sums.size(0) + 1, Device.CPU).to(DType.F32);
      tape.backward(sums.mul(weights).sum().add(answers.chosen(tokens)).mul(0.01));
      return new Found(TinyPolicy.values(sums), answers.chosen(tokens).item(), TinyPolicy.gradients(model));
    } finally {
      model.zeroGrad();
    }
  }

  @ParameterizedTest @MethodSource("org.jtorch.align.TinyPolicy#longShapes") void logProbabilitiesAndGradientsAreThoseOfSeparateRows(DecoderConfig shape) {
    var pairs = pairs(2, 30, 150);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      model.requiresGrad(true);
      assertThat(model.branches()).isTrue();
      var apart = found(model, AnswerBatch.of(PreferencePair.rows(pairs), COLLATOR));
      var shared = found(model, BranchedPairs.of(pairs, COLLATOR));
      assertThat(shared.sums).containsExactly(apart.sums, within(2e-5));
      assertThat(shared.chosen).isCloseTo(apart.chosen, within(5e-5));
      assertThat(shared.gradients).containsExactly(apart.gradients, within(1e-5));
      assertThat(BranchedPairs.of(pairs, COLLATOR).lengths()).isEqualTo(AnswerBatch.of(PreferencePair.rows(pairs), COLLATOR).lengths());
    }
  }

  @Test void rowsAreSharedWhereThatIsLess() {
    try (var model = TinyPolicy.model(DType.F32, 1)) {
      assertThat(ScoredAnswers.ofPairs(pairs(100, 150), COLLATOR, model)).isInstanceOf(BranchedPairs.class);
      assertThat(ScoredAnswers.ofPairs(pairs(2, 3), COLLATOR, model)).isInstanceOf(AnswerBatch.class);
    }
  }

  @Test void whatTheReferenceSaidComesAlong() {
    var pairs = pairs(100).subList(0, 1);
    assertThat(BranchedPairs.of(pairs, COLLATOR).reference()).containsExactly(-3, -4);
    assertThat(BranchedPairs.of(pairs(100), COLLATOR).reference()).as("one is not known").isNull();
  }
}
