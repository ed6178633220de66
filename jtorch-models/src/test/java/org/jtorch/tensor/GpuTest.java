package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Random;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.nn.Pass;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What CUDA must do as the CPU does. Skipped, and saying so, without a device.
@Tag("gpu")
class GpuTest {
  private final Device gpu = Device.best();

  @BeforeEach void needsDevice() {
    assumeTrue(gpu.isCuda(), "no CUDA device: libtorch sees " + Native.cudaDevices());
  }

  @Test void productsInBf16AreNearThoseInFloat32() {
    try (var _ = TensorScope.open()) {
      var a = Rng.of(1).normal(0, 1, DType.BF16, gpu, 64, 128);
      var b = Rng.of(2).normal(0, 1, DType.BF16, gpu, 128, 32);
      var exact = a.to(Device.CPU, DType.F32).matmul(b.to(Device.CPU, DType.F32));
      assertThat(a.matmul(b).to(Device.CPU, DType.F32).sub(exact).abs().max().item()).isLessThan(0.3);
    }
  }

  @Test void memoryIsCounted() {
    try (var _ = TensorScope.open()) {
      var before = gpu.memory();
      var t = Ops.zeros(DType.F32, gpu, 1 << 20);
      assertThat(gpu.memory().allocated() - before.allocated()).isGreaterThanOrEqualTo(4L * t.numel());
      assertThat(gpu.memory().peak()).isGreaterThanOrEqualTo(gpu.memory().allocated());
    }
  }

  @Test void fusedAdamWEqualsTheCpus() {
    try (var _ = TensorScope.open()) {
      var onGpu = step(gpu);
      assertThat(onGpu.to(Device.CPU).sub(step(Device.CPU)).abs().max().item()).isLessThan(1e-6);
    }
  }

  private static Tensor step(Device device) {
    var p = Rng.of(1).normal(0, 1, DType.F32, device, 1000);
    var g = Rng.of(2).normal(0, 1, DType.F32, device, 1000);
    var steps = Ops.ones(DType.F32, device);
    Fused.adamW(List.of(p), List.of(g), List.of(Ops.zerosLike(p)), List.of(Ops.zerosLike(p)), List.of(steps),
        1e-3, 0.9, 0.95, 0.1, 1e-8, null);
    return p;
  }

  @Test void decoderLossAndGradientEqualTheCpus() {
    assertThat(gradientNorm(gpu)).isCloseTo(gradientNorm(Device.CPU), org.assertj.core.data.Percentage.withPercentage(0.1));
  }

  private static double gradientNorm(Device device) {
    long[] ids = new Random(1).longs(64, 0, 4_096).toArray();
    try (var model = Decoder.create(Llama.TINY.withLayers(2), device, DType.F32, Rng.of(1))) {
      model.requiresGrad(true);
      try (var tape = GradTape.open()) {
        var logits = model.apply(Ops.of(ids, device, 2, 32), Pass.training(tape));
        tape.backward(Ops.crossEntropy(logits.view(64, 4_096), Ops.of(ids, device, 64)));
        return Ops.norm(java.util.Objects.requireNonNull(model.head().grad())).item();
      }
    }
  }
}
