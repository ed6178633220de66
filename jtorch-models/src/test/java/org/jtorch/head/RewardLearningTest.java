package org.jtorch.head;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.SplittableRandom;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.family.Llama;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

/// A reward model learns that rows with a certain token are better, wherever it stands and however long the row is.
@SuppressWarnings("MustBeClosedChecker")
class RewardLearningTest {
  private static final int PAD = 0;
  private static final int GOOD = 1;
  private static final int WIDTH = 6;
  private static final int PAIRS = 16;

  @Test void itRanksUnseenPairs() {
    var config = Llama.shape(12, 16, 32, 1, 2, 1, 8, 16, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
    try (var model = DecoderClassifier.create(config, Labels.SCORE, PAD, Device.CPU, DType.F32, Rng.of(3))) {
      model.requiresGrad(true);
      var random = new SplittableRandom(1);
      double first = step(model, random);
      double last = first;
      for (int i = 0; i < 300 && last > 0.05; i++) {
        last = step(model, random);
      }
      assertThat(first).isBetween(0.5, 0.9);                                  // ln 2 = 0.69
      assertThat(last).isLessThan(0.05);
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor ids = pairs(new SplittableRandom(77));
        assertThat(BradleyTerry.lead(model.logits(ids, mask(ids))).toFloats()).hasSize(PAIRS).doesNotContain(0f)
            .satisfies(lead -> {
              for (float l : lead) {
                assertThat(l).isPositive();
              }
            });
      }
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// All chosen rows, which have GOOD somewhere, then all rejected ones, padded on the right.
  private static Tensor pairs(SplittableRandom random) {
    var ids = new long[2 * PAIRS * WIDTH];
    for (int row = 0; row < 2 * PAIRS; row++) {
      int length = random.nextInt(2, WIDTH + 1);
      for (int i = 0; i < length; i++) {
        ids[row * WIDTH + i] = random.nextInt(GOOD + 1, 12);
      }
      if (row < PAIRS) {
        ids[row * WIDTH + random.nextInt(length)] = GOOD;
      }
    }
    return Tensor.of(ids).view(2L * PAIRS, WIDTH);
  }

  private static Pass mask(Tensor ids) {
    return Pass.EMPTY.withKeyMask(ids.eq(PAD).not());
  }

  /// One step down the gradient, scaled to length 0.3 where it is longer.
  private static double step(DecoderClassifier model, SplittableRandom random) {
    try (var _ = TensorScope.open(); var tape = GradTape.open()) {
      Tensor ids = pairs(random);
      Tensor loss = new BradleyTerry().loss(model.logits(ids, mask(ids).withTape(tape)), null);
      tape.backward(loss);
      try (var _ = Grad.off()) {
        double square = model.parameters().stream().mapToDouble(p -> gradient(p).square().sum().item()).sum();
        double scale = 0.3 / Math.max(0.3, Math.sqrt(square));
        model.parameters().forEach(p -> p.tensor().addInPlace(gradient(p), -scale));
      }
      model.zeroGrad();
      return loss.item();
    }
  }

  private static Tensor gradient(Parameter p) {
    return Objects.requireNonNull(p.grad(), "a gradient for every parameter");
  }
}
