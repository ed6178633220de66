package org.jtorch.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What takes a pass's place on CUDA against float64 on the CPU. Skipped, and saying so, without a device.
@Tag("gpu")
class GpuPassesTest {
  private final Device gpu = Device.best();

  @BeforeEach void needsDevice() {
    assumeTrue(gpu.isCuda(), "no CUDA device");
  }

  private static Tensor normal(long seed, DType type, long... shape) {
    return Rng.of(seed).normal(0, 1, DType.F32, Device.CPU, shape).to(type);
  }

  private static Tensor exact(Tensor x) {
    return x.to(Device.CPU, DType.F64);
  }

  private static double distance(Tensor x, Tensor expected) {
    return exact(x).sub(expected).square().sum().sqrt().item() / expected.square().sum().sqrt().item();
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "BF16"}) void rmsNorm(DType type) {
    try (var _ = TensorScope.open()) {
      Tensor x = normal(1, DType.F32, 3, 50, 96).to(gpu);
      Tensor w = normal(2, DType.F32, 96).to(gpu);
      Tensor dy = normal(3, type, 3, 50, 96).to(gpu);
      Tensor sum = normal(4, DType.F32, 3, 50, 96).to(gpu);
      Tensor ds = normal(5, DType.F32, 96).to(gpu);
      Tensor exactDs = exact(ds);
      var wanted = RmsNormPass.plain(exact(x), exact(w), 1e-5, true, DType.F64);
      Tensor wantedDx = RmsNormPass.plainBackward(exact(dy), exact(x), wanted.r(), exact(w), exactDs).add(exact(sum));
      var normed = RmsNormPass.forward(x, w, 1e-5, true, type);
      assertThat(normed.y().dtype()).isEqualTo(type);
      assertThat(distance(normed.y(), wanted.y())).isLessThan(type == DType.BF16 ? 2e-3 : 1e-6);
      assertThat(RmsNormPass.backward(dy, x, normed.r(), w, sum, ds)).isNull();
      assertThat(distance(sum, wantedDx)).isLessThan(1e-6);
      assertThat(distance(ds, exactDs)).isLessThan(1e-6);
    }
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "BF16"}) void tokens(DType type) {
    try (var _ = TensorScope.open()) {
      Tensor z = normal(1, type, 40, 333).to(gpu);
      Tensor t = Ops.arange(0, 40, Device.CPU).mul(7).to(DType.I64);
      Tensor a = normal(2, DType.F32, 40);
      Tensor c = normal(4, DType.F32, 40);
      var wanted = TokenPass.plain(exact(z), t);
      Tensor gradient = TokenPass.plainGradient(exact(z), t, exact(a), null, exact(c), 5);
      var rows = TokenPass.forward(z, t.to(gpu));
      assertThat(distance(rows.lse(), wanted.lse())).isLessThan(1e-6);
      assertThat(distance(rows.chosen(), wanted.chosen())).isLessThan(1e-6);
      assertThat(distance(rows.sum(), wanted.sum())).isLessThan(1e-5);
      TokenPass.gradient(z, t.to(gpu), rows.lse(), a.to(gpu), null, c.to(gpu), 5);
      assertThat(distance(z, gradient)).isLessThan(type == DType.BF16 ? 2e-3 : 1e-6);
    }
  }

  /// There each operation rounds: up to three times, each by 1.1e-3 in the mean square.
  @Test void gatedActivations() {
    try (var _ = TensorScope.open()) {
      Tensor both = normal(1, DType.BF16, 20, 128).to(gpu);
      Tensor da = normal(2, DType.BF16, 20, 64).to(gpu);
      for (var gate : GatedPass.Gate.values()) {
        assertThat(distance(GatedPass.forward(gate, both), GatedPass.plain(gate, exact(both)))).isLessThan(3e-3);
        assertThat(distance(GatedPass.backward(gate, da, both), GatedPass.plainBackward(gate, exact(da), exact(both)))).isLessThan(3e-3);
      }
    }
  }
}
