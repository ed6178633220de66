package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every operator of the C ABI against its plain twin.
@SuppressWarnings("MustBeClosedChecker")
class FusedTest {
  private static final int[][] SHAPES = {{3, 5}, {7}, {2, 1, 4}};
  private TensorScope scope;

  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void close() {
    scope.close();
  }

  @Test void theAbiIsThere() {
    assertThat(Fused.available()).isTrue();
  }

  private static List<Tensor> tensors(long seed, boolean positive) {
    var rng = Rng.of(seed);
    var list = new ArrayList<Tensor>();
    for (int[] shape : SHAPES) {
      Tensor t = rng.normal(0, 1, DType.F32, Device.CPU, Arrays.stream(shape).asLongStream().toArray());
      list.add(positive ? t.square() : t);
    }
    return list;
  }

  private static List<Tensor> steps(double value) {
    return IntStream.range(0, SHAPES.length).mapToObj(_ -> Ops.full(value, DType.F32, Device.CPU)).toList();
  }

  @ParameterizedTest @ValueSource(doubles = {0, 4})
  void adamWEqualsItsTwin(double scale) {
    @Nullable Tensor gradScale = scale == 0 ? null : Ops.full(scale, DType.F32, Device.CPU);
    List<List<Tensor>> results = new ArrayList<>();
    for (boolean fused : new boolean[] {true, false}) {
      var params = tensors(1, false);
      var m = tensors(3, false);
      var v = tensors(4, true);
      for (int step = 1; step <= 3; step++) {
        var grads = tensors(10 + step, false);                 // fresh: the fused kernel may write scaled gradients back
        if (fused) {
          Fused.adamW(params, grads, m, v, steps(step), 0.01, 0.9, 0.95, 0.1, 1e-8, gradScale);
        } else {
          Plain.adamW(params, grads, m, v, steps(step), 0.01, 0.9, 0.95, 0.1, 1e-8, gradScale);
        }
      }
      results.add(Stream.of(params, m, v).flatMap(List::stream).toList());
    }
    for (int i = 0; i < results.get(0).size(); i++) {
      assertThat(results.get(0).get(i).toFloats()).containsExactly(results.get(1).get(i).toFloats(), within(1e-6f));
    }
    assertThat(results.get(0).get(0).toFloats()).isNotEqualTo(tensors(1, false).get(0).toFloats());
  }

  @Test void oneAdamWStepByHand() {
    Tensor p = Tensor.of(1f);
    Fused.adamW(List.of(p), List.of(Tensor.of(0.5f)), List.of(Tensor.of(0f)), List.of(Tensor.of(0f)), List.of(Ops.ones(DType.F32, Device.CPU)),
        0.1, 0.9, 0.999, 0.2, 0, null);
    assertThat(p.item()).isCloseTo(1 - 0.1 * 0.2 - 0.1, within(1e-6));      // m̂/√v̂ = 1 on the first step
  }

  @Test void softmaxBackwardEqualsItsTwinAndAutograd() {
    Tensor x = Rng.of(1).normal(0, 2, DType.F32, Device.CPU, 3, 4, 9).requiresGrad(true);
    Tensor g = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 3, 4, 9);
    Tensor p = x.softmax(-1);
    p.backward(g);
    float[] fused = Fused.softmaxBackward(g, p.detach()).toFloats();
    assertThat(fused).containsExactly(Plain.softmaxBackward(g, p.detach()).toFloats(), within(1e-6f));
    assertThat(fused).containsExactly(grad(x), within(1e-6f));
  }

  @ParameterizedTest @ValueSource(strings = {"bf16", "f32"})
  void groupedMatmulEqualsItsTwinWithAnEmptyGroup(String type) {
    var dtype = DType.parse(type);
    Tensor a = Rng.of(1).normal(0, 1, dtype, Device.CPU, 10, 16);
    Tensor b = Rng.of(2).normal(0, 1, dtype, Device.CPU, 4, 16, 24);
    Tensor ends = Tensor.of(3, 3, 9, 10).to(DType.I32);
    Tensor y = Fused.groupedMatmul(a, b, ends);
    assertThat(y.shape()).containsExactly(10, 24);
    assertThat(y.dtype()).isEqualTo(dtype);
    assertThat(y.toFloats()).containsExactly(Plain.groupedMatmul(a, b, ends).toFloats(), within(0.07f));
    assertThat(y.narrow(0, 3, 6).toFloats()).containsExactly(a.narrow(0, 3, 6).matmul(b.select(0, 2)).toFloats(), within(0.07f));
  }

  @ParameterizedTest @ValueSource(longs = {24, 23})
  void groupedMatmulOfColumnsEqualsItsTwinAlsoWhereTheKernelRefuses(long width) {
    Tensor a = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 10, 16);
    Tensor b = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 10, width);
    Tensor ends = Tensor.of(3, 3, 9, 10).to(DType.I32);
    Tensor y = Fused.groupedMatmul(a.t(), b, ends);
    assertThat(y.shape()).containsExactly(4, 16, width);
    assertThat(y.toFloats()).containsExactly(Plain.groupedMatmul(a.t(), b, ends).toFloats(), within(1e-5f));
    assertThat(y.select(0, 1).contiguous().toFloats()).containsOnly(0);
  }

  @Test void copiesOfManyTensorsEqualTheirTwin() {
    var from = List.of(Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 3, 5), Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 7));
    var to = List.of(Ops.zeros(DType.BF16, Device.CPU, 3, 5), Ops.zeros(DType.BF16, Device.CPU, 7));
    Fused.copyAll(to, from);
    for (int i = 0; i < 2; i++) {
      assertThat(to.get(i).toFloats()).isEqualTo(from.get(i).to(DType.BF16).toFloats());
    }
    Plain.copyAll(from, to);
    assertThat(from.get(1).toFloats()).isEqualTo(to.get(1).toFloats());
  }

  @Test void rmsNormEqualsItsTwinWithGradients() {
    Tensor x = Rng.of(1).normal(0, 3, DType.F32, Device.CPU, 2, 5, 8).requiresGrad(true);
    Tensor w = Rng.of(2).normal(1, 0.5, DType.F32, Device.CPU, 8).requiresGrad(true);
    Tensor g = Rng.of(3).normal(0, 1, DType.F32, Device.CPU, 2, 5, 8);
    var normed = Fused.rmsNorm(x, w, 1e-3);
    Tensor fused = normed.y();
    fused.backward(g);
    float[] dx = grad(x);
    float[] dw = grad(w);
    x.setGrad(null);
    w.setGrad(null);
    var expected = Plain.rmsNorm(x, w, 1e-3);
    Tensor plain = expected.y();
    plain.backward(g);
    assertThat(fused.toFloats()).containsExactly(plain.toFloats(), within(1e-5f));
    assertThat(dx).containsExactly(grad(x), within(1e-5f));
    assertThat(dw).containsExactly(grad(w), within(1e-4f));
    assertThat(normed.r().toFloats()).containsExactly(expected.r().toFloats(), within(1e-6f));
    Tensor[] byHand = Fused.rmsNormBackward(g, x.detach(), normed.r().detach(), w.detach());
    assertThat(byHand[0].toFloats()).containsExactly(dx, within(1e-5f));
    assertThat(byHand[1].toFloats()).containsExactly(dw, within(1e-4f));
  }

  @Test void errorCodesBecomeExceptions() {
    Tensor x = Ops.zeros(DType.F32, Device.CPU, 2, 3);
    Tensor w = Ops.ones(DType.F32, Device.CPU, 5);
    assertThatThrownBy(() -> Fused.rmsNorm(x, w, 1e-5)).isInstanceOf(TorchException.class)
        .hasMessageStartingWith("_fused_rms_norm: f32 [2, 3]: ").hasMessageContaining("error code");
    assertThatThrownBy(() -> Fused.softmaxBackward(x, w)).isInstanceOf(TorchException.class)
        .satisfies(e -> assertThat(((TorchException) e).op()).isEqualTo("_softmax_backward_data"));
  }

  @Test void repetitionLeavesNoObjectBehind() {
    var counts = new ArrayList<Long>();
    for (int i = 0; i < 4; i++) {
      try (var _ = TensorScope.open()) {
        Tensor x = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 4, 8);
        assertThat(Fused.rmsNorm(Fused.softmaxBackward(x, x), x.select(0, 0), 1e-5).y().shape()).containsExactly(4, 8);
      }
      counts.add(TensorScope.stats().nativeObjects());
    }
    assertThat(counts.subList(1, 4)).containsOnly(counts.get(1));
  }

  private static float[] grad(Tensor leaf) {
    return Objects.requireNonNull(leaf.grad()).toFloats();
  }
}
