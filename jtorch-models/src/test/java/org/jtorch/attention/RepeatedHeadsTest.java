package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Keys and values repeated for the queries of their group, as CUDA's kernels want them, against fused attention in groups.
class RepeatedHeadsTest {
  @ParameterizedTest @CsvSource({"4, 4", "4, 2", "6, 1"})
  void theyGiveTheSameAttentionAndGradients(int heads, int groups) {
    try (var _ = TensorScope.open()) {
      float[][] inGroups = run(heads, groups, false);
      float[][] repeated = run(heads, groups, true);
      for (int i = 0; i < inGroups.length; i++) {
        assertThat(repeated[i]).as("%d", i).containsExactly(inGroups[i], within(1e-5f));
      }
    }
  }

  /// The output, and the gradients of k and v.
  private static float[][] run(int heads, int groups, boolean repeated) {
    Tensor q = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 2, heads, 5, 8);
    Tensor k = Rng.of(2).normal(0, 1, DType.F32, Device.CPU, 2, groups, 7, 8).requiresGrad(true);
    Tensor v = Rng.of(3).normal(0, 1, DType.F32, Device.CPU, 2, groups, 7, 8).requiresGrad(true);
    Tensor hide = Rng.of(4).normal(0, 1, DType.F32, Device.CPU, 2, 1, 5, 7).ge(0.5);
    Tensor mask = Ops.zeros(DType.F32, Device.CPU, 2, 1, 5, 7).maskedFill(hide, -1e30);
    Tensor y = repeated ? Ops.attention(q, Scores.repeated(k, heads), Scores.repeated(v, heads), mask, false, 0.3, true)
        : Ops.attention(q, k, v, mask, false, 0.3, true);
    y.square().sum().backward();
    return new float[][] {y.toFloats(), grad(k), grad(v)};
  }

  private static float[] grad(Tensor leaf) {
    return java.util.Objects.requireNonNull(leaf.grad()).toFloats();
  }
}
