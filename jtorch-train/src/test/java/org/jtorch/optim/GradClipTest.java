package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class GradClipTest {
  @Test void followsTorch() {
    assertThat(GradClip.coefficient(3, 1)).isEqualTo(1 / (3 + 1e-6));
    assertThat(GradClip.coefficient(0.5, 1)).isEqualTo(1);
    assertThat(GradClip.coefficient(0, 1)).isEqualTo(1);
    assertThat(GradClip.coefficient(3, Double.POSITIVE_INFINITY)).isEqualTo(1);
  }

  /// One float32 sum of squares loses digits over this many elements; a bfloat16 one would be useless.
  @Test void isExactOverManyElements() {
    try (var _ = TensorScope.open()) {
      var halves = Ops.full(0.3, DType.BF16, Device.CPU, 3, 1_000_003);
      var floats = Ops.full(0.1, DType.F32, Device.CPU, 2_000_000).view(2000, 1000).t();
      assertThat(GradClip.norm(List.of(halves, floats)))
          .isCloseTo(Math.sqrt(3_000_009 * 0.30078125 * 0.30078125 + 2_000_000 * 0.01), within(0.001));
      assertThat(GradClip.norm(List.of())).isZero();
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void leavesGradientsThatAreNotFinite() {
    try (var _ = TensorScope.open()) {
      var g = Tensor.of(2f, Float.POSITIVE_INFINITY);
      assertThat(GradClip.clip(List.of(g), 1)).isInfinite();
      assertThat(g.toFloats()[0]).isEqualTo(2);
    }
  }

  @Test void refusesZero() {
    assertThatThrownBy(() -> GradClip.coefficient(1, 0)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("maxNorm is 0.0");
  }
}
