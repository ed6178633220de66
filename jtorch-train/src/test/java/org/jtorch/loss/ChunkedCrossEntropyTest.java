package org.jtorch.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkedCrossEntropyTest {
  private static final long IGNORE = ChunkedCrossEntropy.IGNORE;

  private record Result(double sum, double[] hidden, double[] head) {}

  /// Loss and gradients with head `w` `[V, C]` and hidden states `h` `[1, N, C]`, given row by row.
  private static Result run(DType dtype, int chunk, double[][] w, double[][] h, double scale, long... targets) {
    try (var model = model(w.length, w[0].length, dtype); var tape = GradTape.open()) {
      try (var _ = Grad.off()) {
        model.head().tensor().copyInPlace(tensor(w));
      }
      Tensor hidden = tensor(h).to(dtype).unsqueeze(0).requiresGrad(true);
      double sum = new ChunkedCrossEntropy(chunk).backward(model, hidden, targets, scale, tape);
      double forEvaluation = new ChunkedCrossEntropy(chunk).sum(model, hidden, targets);
      assertThat(forEvaluation).isCloseTo(sum, within(dtype == DType.F32 ? 1e-5 * (1 + sum) : 0.02 * (1 + sum)));
      var dw = model.head().grad();
      var result = new Result(sum, values(hidden.grad()), dw == null ? new double[0] : values(dw));
      model.zeroGrad();
      return result;
    }
  }

  private static Decoder model(int vocab, int dim, DType dtype) {
    var shape = Llama.shape(vocab, dim, 4, 1, 1, 1, 2, 8, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
    var model = new Decoder(shape);
    model.initialize(Device.CPU, dtype, Rng.of(1));
    model.requiresGrad(true);
    return model;
  }

  private static Tensor tensor(double[][] rows) {
    var flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return Tensor.of(flat).view(rows.length, rows[0].length);
  }

  private static double[] values(@Nullable Tensor t) {
    return Objects.requireNonNull(t).to(DType.F64).toDoubles();
  }

  @Test void equalLogitsCostTheLogarithmOfTheVocabulary() {
    double[][] w = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    double[][] h = {{1, 2}, {3, 4}};
    var result = run(DType.F32, 0, w, h, 0.5, 1, 3);
    assertThat(result.sum).isCloseTo(2 * Math.log(4), within(1e-6));
    assertThat(result.hidden).containsOnly(0);
    // rows of (1/4 − onehot)ᵀ h / 2
    assertThat(result.head).containsExactly(new double[] {0.5, 0.75, 0, -0.25, 0.5, 0.75, -1, -1.25}, within(1e-6));
  }

  /// Logits (ln 1, ln 2, ln 5): probabilities 1/8, 2/8, 5/8.
  @ParameterizedTest @ValueSource(ints = {0, 1, 2, 3}) void theGradientIsProbabilityMinusTarget(int chunk) {
    double[][] w = {{0, 0}, {Math.log(2), 0}, {Math.log(5), 1}};
    double[][] h = {{1, 0}, {1, 0}, {1, 0}};
    var result = run(DType.F32, chunk, w, h, 0.5, 2, IGNORE, 0);
    assertThat(result.sum).isCloseTo(Math.log(8.0 / 5) + Math.log(8), within(1e-6));
    // D = (P − onehot) / 2: (1, 2, -3) / 16 and (-7, 2, 5) / 16
    double l2 = Math.log(2);
    double l5 = Math.log(5);
    double[] expected = {(2 * l2 - 3 * l5) / 16, -3.0 / 16, 0, 0, (2 * l2 + 5 * l5) / 16, 5.0 / 16};
    assertThat(result.hidden).containsExactly(expected, within(1e-6));
    assertThat(result.head).containsExactly(new double[] {-6.0 / 16, 0, 4.0 / 16, 0, 2.0 / 16, 0}, within(1e-6));
  }

  @ParameterizedTest @CsvSource({"F32, 0", "F32, 1", "BF16, 0"}) void nothingToTrainOnIsZero(DType dtype, int chunk) {
    double[][] w = {{1, 2}, {3, 4}, {5, 6}};
    double[][] h = {{1, 2}, {3, 4}};
    var result = run(dtype, chunk, w, h, 1, IGNORE, IGNORE);
    assertThat(result.sum).isZero();
    assertThat(result.hidden).containsOnly(0);
    assertThat(Arrays.stream(result.head)).allMatch(g -> g == 0);
  }

  /// The target's probability is exp(−300), which is 0 in float32; its logarithm still counts.
  @ParameterizedTest @EnumSource(names = {"F32", "BF16"}) void aProbabilityThatUnderflowsHasItsLoss(DType dtype) {
    double[][] w = {{0}, {300}, {0}};
    double[][] h = {{1}, {1}, {-1}};
    var result = run(dtype, 2, w, h, 1, 0, 1, 1);
    assertThat(result.sum).isCloseTo(300 + 0 + 300 + Math.log(2), within(0.5 * (dtype == DType.F32 ? 0.01 : 1)));
    assertThat(result.hidden).containsExactly(new double[] {300, 0, -300}, within(1e-3));
    assertThat(result.head).containsExactly(new double[] {-1.5, 2, -0.5}, within(1e-2));
  }

  @Test void halfPrecisionFollowsFloat32() {
    try (var _ = TensorScope.open()) {
      double[][] w = random(3, 40, 6);
      double[][] h = random(4, 10, 6);
      long[] targets = {3, 39, 0, IGNORE, 7, 7, 12, 20, 21, 5};
      var exact = run(DType.F32, 0, w, h, 1 / 9.0, targets);
      for (int chunk : new int[] {0, 3}) {
        var half = run(DType.BF16, chunk, w, h, 1 / 9.0, targets);
        assertThat(half.sum).isCloseTo(exact.sum, within(0.02 * exact.sum));
        assertThat(half.hidden).containsExactly(exact.hidden, within(0.02));
        assertThat(half.head).containsExactly(exact.head, within(0.02));
      }
    }
  }

  private static double[][] random(long seed, int rows, int columns) {
    double[] flat = Rng.of(seed).normal(0, 1, DType.F32, Device.CPU, rows, columns).toDoubles();
    var out = new double[rows][];
    for (int i = 0; i < rows; i++) {
      out[i] = Arrays.copyOfRange(flat, i * columns, (i + 1) * columns);
    }
    return out;
  }

  /// What autograd makes of the whole matrix of logits.
  @ParameterizedTest @ValueSource(ints = {0, 1, 4, 9, 100}) void everyChunkSizeAgreesWithAutograd(int chunk) {
    try (var _ = TensorScope.open()) {
      double[][] w = random(5, 23, 4);
      double[][] h = random(6, 9, 4);
      long[] targets = {3, 22, 0, IGNORE, 7, IGNORE, 12, 20, 21};
      Tensor weight = tensor(w).requiresGrad(true);
      Tensor hidden = tensor(h).requiresGrad(true);
      Tensor loss = Ops.crossEntropy(hidden.matmul(weight.t()), Tensor.of(targets));
      loss.backward();
      var mine = run(DType.F32, chunk, w, h, 1 / 7.0, targets);
      assertThat(mine.sum / 7).isCloseTo(loss.item(), within(1e-6));
      assertThat(mine.hidden).containsExactly(values(hidden.grad()), within(1e-6));
      assertThat(mine.head).containsExactly(values(weight.grad()), within(1e-6));
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void refusesNegativeChunks() {
    assertThatIllegalArgumentException().isThrownBy(() -> new ChunkedCrossEntropy(-1)).withMessageContaining("`chunk_tokens`");
  }
}
