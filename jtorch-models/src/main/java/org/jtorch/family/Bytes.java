package org.jtorch.family;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Tensors as bytes that outlive their scope, for writing.
final class Bytes {
  private Bytes() {}

  /// A copy in memory that the collector frees.
  static MemorySegment of(Tensor t, DType dtype) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var from = t.detach().to(Device.CPU, dtype).contiguous().asSegment();
      return Arena.ofAuto().allocate(Math.max(1, from.byteSize()), 64).asSlice(0, from.byteSize()).copyFrom(from);
    }
  }
}
