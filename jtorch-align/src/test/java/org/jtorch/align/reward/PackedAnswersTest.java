package org.jtorch.align.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jtorch.align.TinyPolicy;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Packed answers that do not see each other are worth what they are alone.
class PackedAnswersTest {
  private static final Collator COLLATOR = new Collator(200, 8);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// Rankings of two, three and four answers, one of which is the beginning of another.
  private static List<RankedRows> rankings(int prompt) {
    var random = new Random(3);
    var all = new ArrayList<RankedRows>();
    for (int n = 2; n <= 4; n++) {
      long[] asked = random.longs(prompt, 2, TinyPolicy.VOCAB).toArray();
      var answers = new ArrayList<RankedRows.Answer>();
      for (int i = 0; i < n; i++) {
        long[] said = i == 1 ? new long[] {7} : new long[] {7, 8 + i, 1};
        answers.add(new RankedRows.Answer(TokenRow.of(asked, said), null));
      }
      all.add(new RankedRows(answers, null, Double.NaN));
    }
    return all;
  }

  private record Found(double[] scores, double[] gradients) {}

  private static Found found(DecoderClassifier model, List<RankedRows> rankings, boolean packed) {
    try (var tape = GradTape.open()) {
      Pass pass = Pass.training(tape);
      Tensor scores = model.judge(packed ? PackedAnswers.of(rankings, COLLATOR).hidden(model, pass) : apart(model, rankings, pass), pass);
      Tensor weights = Ops.arange(1, scores.size(0) + 1, Device.CPU).to(DType.F32).unsqueeze(1);
      tape.backward(scores.mul(weights).sum().mul(0.01));
      return new Found(TinyPolicy.values(scores.reshape(-1)), TinyPolicy.gradients(model));
    } finally {
      model.zeroGrad();
    }
  }

  private static Tensor apart(DecoderClassifier model, List<RankedRows> rankings, Pass pass) {
    var rows = RankedBatch.of(rankings, Ranking.PLAIN, COLLATOR).rows();
    return model.lastHidden(BatchTensors.of(rows, Device.CPU).tokens(), pass.withKeyMask(RankedBatch.mask(rows, Device.CPU)), (_, _) -> {});
  }

  @ParameterizedTest @MethodSource("org.jtorch.align.TinyPolicy#longShapes") void scoresAndGradientsAreThoseOfSeparateRows(DecoderConfig shape) {
    for (int prompt : new int[] {1, 40, 150}) {
      var rankings = rankings(prompt);
      try (var model = DecoderClassifier.create(shape, Labels.SCORE, null, Device.CPU, DType.F32, Rng.of(1))) {
        model.requiresGrad(true);
        var apart = found(model, rankings, false);
        var packed = found(model, rankings, true);
        assertThat(packed.scores).containsExactly(apart.scores, within(1e-5));
        assertThat(packed.gradients).containsExactly(apart.gradients, within(1e-5));
      }
    }
  }

  @Test void theyArePackedWhereThatIsLess() {
    assertThat(PackedAnswers.pays(rankings(100), COLLATOR)).isTrue();
    assertThat(PackedAnswers.pays(List.of(RankedRows.of(TokenRow.of(1, 2, 3, 4, 5, 6, 7, 8), TokenRow.of(9, 2, 3, 4, 5, 6, 7, 8))), COLLATOR))
        .as("nothing is shared").isFalse();
  }
}
