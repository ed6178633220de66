package org.jtorch.recipes.pretrain;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Processor;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// What this machine's matrix products reach, measured: the peak that a run's speed is compared with; and which type
/// `dtype: auto` is.
public final class MachineSpeed {
  private static final int SIDE = 1_024;
  private static final int SMALL_ROWS = 64;
  private static final double SLOW_SECONDS = 0.01;
  private static final int RUNS = 6;

  private MachineSpeed() {}

  /// Operations per second of `[n, 1024] x [1024, 1024]` in this type, the best of a few runs. Of a type without
  /// instructions here, which may be a hundred times slower, a small product is measure enough.
  public static double flops(Device device, DType dtype) {
    int rows = device.isCuda() ? 16 * SIDE : SIDE;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var w = Rng.of(2).normal(0, 1, dtype, device, SIDE, SIDE);
      var x = Rng.of(1).normal(0, 1, dtype, device, rows, SIDE);
      if (dtype.isHalf() && fastest(device) == DType.F32) {
        double first = best(x.narrow(0, 0, SMALL_ROWS), w);
        if (first > SLOW_SECONDS) {
          return operations(SMALL_ROWS) / first;
        }
      }
      return operations(rows) / best(x, w);
    }
  }

  private static double best(Tensor x, Tensor w) {
    double best = Double.MAX_VALUE;
    for (int i = 0; i < RUNS; i++) {
      best = Math.min(best, seconds(x, w));
    }
    return best;
  }

  private static double operations(int rows) {
    return 2.0 * rows * SIDE * SIDE;
  }

  private static double seconds(Tensor x, Tensor w) {
    try (var _ = TensorScope.open()) {
      long started = System.nanoTime();
      var y = Ops.linear(x, w, null);
      var _ = y.narrow(0, 0, 1).sum().item();                // waits for the device
      return (System.nanoTime() - started) / 1e9;
    }
  }

  /// The type of that name; `auto` is [#fastest].
  public static DType dtype(String name, Device device) {
    return name.equals("auto") ? fastest(device) : DType.parse(name);
  }

  /// The type that `auto` means: bf16 on CUDA and on a processor that has instructions for bf16 products, f32 elsewhere. It
  /// follows from the machine and not from a timing, so that whatever else runs at the moment changes nothing.
  public static DType fastest(Device device) {
    return fastest(device.isCuda(), Processor.here());
  }

  static DType fastest(boolean cuda, Processor processor) {
    return cuda || processor.hasBf16() ? DType.BF16 : DType.F32;
  }
}
