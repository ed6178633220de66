package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// On CUDA whole parameters are updated together, on the CPU in pieces. Skipped, and saying so, without a device.
@Tag("gpu")
class GpuAdamWTest {
  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "BF16"}) void threeStepsEqualTheCpus(DType type) {
    Device gpu = Device.best();
    assumeTrue(gpu.isCuda(), "no CUDA device");
    try (var there = Decoder.create(Llama.TINY.withLayers(2), gpu, type, Rng.of(1));
         var here = Decoder.create(Llama.TINY.withLayers(2), Device.CPU, type, Rng.of(1));
         var onDevice = AdamW.over(there.parameters(), 0.1, AdamW.Options.DEFAULT);
         var onHost = AdamW.over(here.parameters(), 0.1, AdamW.Options.DEFAULT); var _ = TensorScope.open()) {
      try (var _ = Grad.off()) {
        var target = there.weights();
        here.weights().forEach((name, w) -> Objects.requireNonNull(target.get(name)).view().copyInPlace(w.view()));
      }
      onDevice.load(name -> Objects.requireNonNull(onHost.state().get(name)));
      for (int step = 0; step < 3; step++) {
        give(there, step);
        give(here, step);
        assertThat(onDevice.clipAndStep(1e-2, 1.0)).isEqualTo(onHost.clipAndStep(1e-2, 1.0), within(1e-3));
      }
      var expected = onHost.state();
      onDevice.state().forEach((name, state) -> {
        Tensor e = Objects.requireNonNull(expected.get(name));
        assertThat(state.to(Device.CPU).sub(e).abs().max().item()).as(name).isLessThan(1e-5);
      });
      here.weights().forEach((name, w) -> assertThat(Objects.requireNonNull(there.weights().get(name)).view().to(Device.CPU, DType.F32)
          .sub(w.view().to(DType.F32)).abs().max().item()).as(name).isLessThan(type == DType.BF16 ? 1e-2 : 1e-5));
    }
  }

  /// The same gradients wherever the model lies.
  private static void give(Decoder model, int step) {
    long seed = 100 * step;
    for (var p : model.parameters()) {
      Tensor g = Rng.of(seed++).normal(0, 1, DType.F32, Device.CPU, p.shape());
      p.tensor().setGrad(g.to(model.device(), p.tensor().dtype()));
    }
  }
}
