package org.jtorch.align.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.chat.Chat;
import org.jtorch.data.Collator;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.generate.Generation;
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

/// Answers that share their prompt's row give what a row for each gives.
class AnswerLayoutTest {
  private static final Collator COLLATOR = new Collator(200, 8);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// Answers of 1 to 9 tokens to prompts of these lengths, by turns, so that the answers to a prompt do not stand together.
  private static List<Answer> answers(int each, int... prompts) {
    var random = new Random(4);
    var texts = Arrays.stream(prompts).mapToObj(n -> new Prompt(Chat.of(List.of()), random.longs(n, 1, TinyPolicy.VOCAB).toArray(), null, "p" + n)).toList();
    var answers = new ArrayList<Answer>();
    for (int k = 0; k < each; k++) {
      for (var prompt : texts) {
        long[] tokens = random.longs(1 + random.nextInt(9), 1, TinyPolicy.VOCAB).toArray();
        answers.add(new Answer(prompt, new Generation(tokens, new float[tokens.length], new float[tokens.length], true), ""));
      }
    }
    return answers;
  }

  private record Found(double[] logps, double[] gradients, List<float[]> gathered) {}

  private static Found found(Decoder model, AnswerLayout layout) {
    try (var tape = GradTape.open()) {
      var input = layout.input(model.device());
      Tensor hidden = model.hidden(input.tokens(), input.on(Pass.training(tape)), null);
      Tensor all = new TokenLogProbs(0).of(model, hidden, layout.rows().targets(), tape);
      Tensor logps = layout.answers(all);
      Tensor weights = Ops.arange(1, logps.numel() + 1, Device.CPU).to(DType.F32).view(logps.shape());
      double[] values = TinyPolicy.values(logps);
      var gathered = layout.gather(all.detach());
      tape.backward(logps.mul(weights).sum().mul(0.001));
      return new Found(values, TinyPolicy.gradients(model), gathered);
    } finally {
      model.zeroGrad();
    }
  }

  @ParameterizedTest @MethodSource("org.jtorch.align.TinyPolicy#longShapes") void logProbabilitiesAndGradientsAreThoseOfSeparateRows(DecoderConfig shape) {
    var answers = answers(4, 1, 2, 30, 150);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3))) {
      model.requiresGrad(true);
      var shared = AnswerLayout.of(answers, COLLATOR, true);
      var apart = AnswerLayout.of(answers, COLLATOR, false);
      assertThat(shared.rows().rows()).isEqualTo(4);
      assertThat(apart.rows().rows()).isEqualTo(16);
      assertThat(shared.rows().trainedTokens()).isEqualTo(apart.rows().trainedTokens());
      var one = found(model, shared);
      var other = found(model, apart);
      assertThat(one.logps).containsExactly(other.logps, within(2e-5));
      assertThat(one.gradients).containsExactly(other.gradients, within(1e-5));
      for (int i = 0; i < answers.size(); i++) {
        assertThat(one.gathered.get(i)).containsExactly(other.gathered.get(i), within(2e-5f)).hasSize(answers.get(i).length());
      }
    }
  }

  @Test void rowsAreSharedWhereThatIsLess() {
    assertThat(AnswerLayout.of(answers(4, 100, 150), COLLATOR, true).rows().rows()).isEqualTo(2);
    assertThat(AnswerLayout.of(answers(1, 100, 150), COLLATOR, true).trunks()).as("nothing to share").isNull();
    var prompt = new Prompt(Chat.of(List.of()), new long[] {5, 6}, null, "p");
    var answer = new Answer(prompt, new Generation(new long[2000], new float[2000], new float[2000], false), "");
    assertThat(AnswerLayout.of(List.of(answer, answer, answer, answer), new Collator(2048, 64), true).trunks())
        .as("attention in so long a row costs more than the prompt").isNull();
  }

  @Test void whatStandsAtTheAnswersIsARowEach() {
    var answers = answers(2, 30, 40);
    var layout = AnswerLayout.of(answers, COLLATOR, true);
    try (var _ = TensorScope.open()) {
      var values = answers.stream().map(a -> {
        float[] of = new float[a.length()];
        Arrays.fill(of, a.length());
        return of;
      }).toList();
      Tensor spread = layout.spread(values, Device.CPU);
      assertThat(spread.shape()).containsExactly(4, layout.width());
      assertThat(spread.sum(1, false).toDoubles()).containsExactly(answers.stream().mapToDouble(a -> a.length() * (double) a.length()).toArray());
      assertThat(layout.mask(Device.CPU).sum(1, false).toDoubles()).containsExactly(answers.stream().mapToDouble(Answer::length).toArray());
    }
  }
}
