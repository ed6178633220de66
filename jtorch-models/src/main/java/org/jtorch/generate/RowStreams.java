package org.jtorch.generate;

import java.lang.foreign.MemorySegment;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Random numbers of which a row's do not depend on how many rows there are.
final class RowStreams {
  private static final double SEEDS = 0x1p53;

  private RowStreams() {}

  /// The stream of a row, one number a token, drawn by Java: the same on every device.
  static Rng of(long seed, long row) {
    return Rng.of((long) (Rng.at(seed, row).uniform() * SEEDS));
  }

  /// One number a row. float64 `[B, 1]`
  static Tensor column(double[] numbers, Device device) {
    Tensor t = Ops.empty(DType.F64, Device.CPU, numbers.length, 1);
    t.asSegment().copyFrom(MemorySegment.ofArray(numbers));
    return t.to(device);
  }
}
