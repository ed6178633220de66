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

  /// One number a row and step, drawn by Java: the same on every device. float64 `[rows, steps]`
  static Tensor uniforms(long seed, long firstRow, int rows, int steps, Device device) {
    var all = new double[rows * steps];
    for (int i = 0; i < rows; i++) {
      long rowSeed = (long) (Rng.at(seed, firstRow + i).uniform() * SEEDS);
      System.arraycopy(Rng.of(rowSeed).uniforms(steps), 0, all, i * steps, steps);
    }
    Tensor t = Ops.empty(DType.F64, Device.CPU, rows, steps);
    t.asSegment().copyFrom(MemorySegment.ofArray(all));
    return t.to(device);
  }
}
