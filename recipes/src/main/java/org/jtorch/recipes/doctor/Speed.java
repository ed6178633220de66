package org.jtorch.recipes.doctor;

import java.util.Locale;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// Operations per second of matrix products, measured.
record Speed(Device device, double f32, double bf16) {
  static Speed measure(Device device) {
    return new Speed(device, MachineSpeed.flops(device, DType.F32), MachineSpeed.flops(device, DType.BF16));
  }

  /// The faster type by these figures.
  DType auto() {
    return device.isCuda() || bf16 > f32 ? DType.BF16 : DType.F32;
  }

  String verdict() {
    double ratio = Math.max(f32, bf16) / Math.max(1, Math.min(f32, bf16));
    return String.format(Locale.ROOT, "%s (%.1f times faster than %s)", auto(), ratio,
        auto() == DType.F32 ? DType.BF16 : DType.F32);
  }

  static String gflops(double flops) {
    return String.format(Locale.ROOT, flops < 1e10 ? "%.1f GFLOP/s" : "%.0f GFLOP/s", flops / 1e9);
  }
}
