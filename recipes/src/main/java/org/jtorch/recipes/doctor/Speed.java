package org.jtorch.recipes.doctor;

import java.util.Locale;
import org.jtorch.recipes.pretrain.MachineSpeed;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;

/// Operations per second of matrix products, measured, and the type that `dtype: auto` is whatever they are.
record Speed(DType auto, double f32, double bf16) {
  static Speed measure(Device device) {
    return new Speed(MachineSpeed.fastest(device), MachineSpeed.flops(device, DType.F32), MachineSpeed.flops(device, DType.BF16));
  }

  /// How many times as fast as the other type that of `auto` was.
  double gain() {
    return auto == DType.BF16 ? bf16 / Math.max(1, f32) : f32 / Math.max(1, bf16);
  }

  String verdict() {
    return String.format(Locale.ROOT, "%s (%.1f times as fast as %s)", auto, gain(), auto == DType.F32 ? DType.BF16 : DType.F32);
  }

  static String gflops(double flops) {
    return String.format(Locale.ROOT, flops < 1e10 ? "%.1f GFLOP/s" : "%.0f GFLOP/s", flops / 1e9);
  }
}
