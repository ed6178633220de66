package org.jtorch.recipes.pretrain;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;

/// What this machine's matrix products reach, measured: the peak that a run's speed is compared with, and what
/// chooses between bf16 and f32 (a CPU without bf16 instructions is several times faster in f32).
public final class MachineSpeed {
  private static final double BUDGET_SECONDS = 0.08;

  private MachineSpeed() {}

  /// Operations per second of `[n, 512] x [512, 1024]` in this type, the best of a few runs.
  public static double flops(Device device, DType dtype) {
    long n = device.isCuda() ? 16_384 : 512;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var a = Rng.of(1).normal(0, 1, dtype, device, n, 512);
      var b = Rng.of(2).normal(0, 1, dtype, device, 1024, 512);
      double best = 0;
      double spent = 0;
      for (int i = 0; i < 12 && (i < 2 || spent < BUDGET_SECONDS); i++) {
        try (var _ = TensorScope.open()) {
          long started = System.nanoTime();
          var c = Ops.linear(a, b, null);
          var _ = c.narrow(0, 0, 1).sum().item();            // waits for the device
          double seconds = (System.nanoTime() - started) / 1e9;
          spent += seconds;
          best = Math.max(best, 2.0 * n * 512 * 1024 / seconds);
        }
      }
      return best;
    }
  }

  /// The faster of bf16 and f32 on this device.
  public static DType fastest(Device device) {
    return device.isCuda() || flops(device, DType.BF16) > flops(device, DType.F32) ? DType.BF16 : DType.F32;
  }
}
