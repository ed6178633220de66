package org.jtorch.tensor;

import java.lang.foreign.ValueLayout;

/// Copies of tensor values into Java arrays, whatever the device, layout and type.
final class Values {
  private Values() {}

  static float[] floats(Tensor t) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return plain(t, DType.F32).memory().toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  static double[] doubles(Tensor t) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return plain(t, DType.F64).memory().toArray(ValueLayout.JAVA_DOUBLE);
    }
  }

  static long[] longs(Tensor t) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return plain(t, DType.I64).memory().toArray(ValueLayout.JAVA_LONG);
    }
  }

  private static Tensor plain(Tensor t, DType dtype) {
    Region.current().hostReads++;
    return t.detach().to(Device.CPU, dtype).contiguous();
  }
}
