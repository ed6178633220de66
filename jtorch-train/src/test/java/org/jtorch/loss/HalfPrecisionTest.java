package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.Objects;
import java.util.function.Consumer;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The gradient of a model in bf16, written by hand, is as near to float32's as what autograd makes of the same model with its
/// products in bf16 and all else in float32.
class HalfPrecisionTest {
  private static final int VOCAB = 512;
  private static final int BATCH = 2;
  private static final int TIME = 160;

  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                                        // the caller closes it
  private static Decoder model(DType dtype) {
    var shape = Llama.shape(VOCAB, 128, 256, 3, 4, 2, 32, 256, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(1));
    if (dtype == DType.F32) {
      model.requiresGrad(true);
      return model;
    }
    try (model; var _ = TensorScope.open(); var _ = Grad.off()) {
      var half = Decoder.create(shape, Device.CPU, dtype, Rng.of(1));
      var from = model.weights();
      half.weights().forEach((name, w) -> w.view().copyInPlace(Objects.requireNonNull(from.get(name)).view()));
      half.requiresGrad(true);
      return half;
    }
  }

  private static long[] tokens() {
    try (var _ = TensorScope.open()) {
      return Rng.of(7).uniform(0, VOCAB, DType.F32, Device.CPU, BATCH, TIME).to(DType.I64).toLongs();
    }
  }

  private static float[] gradient(DType dtype, Consumer<Decoder> backward) {
    try (var model = model(dtype); var _ = TensorScope.open()) {
      backward.accept(model);
      return Ops.cat(0, model.parameters().stream().map(p -> Objects.requireNonNull(p.grad()).to(DType.F32).reshape(-1))
          .toArray(Tensor[]::new)).toFloats();
    }
  }

  private static void byHand(Decoder model, int chunk) {
    try (var tape = GradTape.open()) {
      var hidden = model.hidden(Ops.of(tokens(), Device.CPU, BATCH, TIME), Pass.training(tape), null);
      new ChunkedLoss(CrossEntropy.PLAIN, chunk).backward(model, hidden, Tokens.of(tokens()).withScale(1.0 / BATCH / TIME), tape);
    }
  }

  private static void byAutograd(Decoder model) {
    Tensor logits = model.apply(Ops.of(tokens(), Device.CPU, BATCH, TIME), Pass.EMPTY).view((long) BATCH * TIME, VOCAB);
    Ops.crossEntropy(logits.to(DType.F32), Ops.of(tokens(), Device.CPU, (long) BATCH * TIME)).backward();
  }

  private static double distance(float[] a, float[] exact) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < a.length; i++) {
      difference += Math.pow(a[i] - exact[i], 2);
      size += Math.pow(exact[i], 2);
    }
    return Math.sqrt(difference / size);
  }

  @ParameterizedTest @ValueSource(ints = {0, 64}) void byHandIsNoFartherThanAutograd(int chunk) {
    float[] exact = gradient(DType.F32, m -> byHand(m, chunk));
    assertThat(distance(gradient(DType.F32, HalfPrecisionTest::byAutograd), exact)).isLessThan(1e-5);
    double autograd = distance(gradient(DType.BF16, HalfPrecisionTest::byAutograd), exact);
    double mine = distance(gradient(DType.BF16, m -> byHand(m, chunk)), exact);
    assertThat(mine).isLessThan(1.05 * autograd).isLessThan(0.03);
  }
}
