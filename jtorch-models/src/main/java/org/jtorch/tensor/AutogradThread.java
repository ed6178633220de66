package org.jtorch.tensor;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The thread on which autograd walks back for a CUDA device.
///
/// It begins without a CUDA context, and if its first operation is a matrix product, cuBLAS complains on stderr. So its first
/// operation is another one.
final class AutogradThread {
  private static final Set<Device> READY = ConcurrentHashMap.newKeySet();

  private AutogradThread() {}

  /// Call before autograd first walks back from `t`.
  static void prepare(Tensor t) {
    Device device = t.device();
    if (device.isCuda() && READY.add(device)) {
      try (var _ = TensorScope.open(); var _ = Grad.on()) {
        var x = Ops.zeros(DType.F32, device).requiresGrad(true);
        x.mul(x).backward();
      }
    }
  }
}
