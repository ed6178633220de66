package org.jtorch.align.policy;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Bounds, through which gradients flow where they do not hold.
final class Clip {
  private Clip() {}

  static Tensor between(Tensor x, double low, double high) {
    return atMost(atLeast(x, low), high);
  }

  static Tensor atLeast(Tensor x, double low) {
    return Ops.clampMin(x, low);
  }

  static Tensor atMost(Tensor x, double high) {
    return Ops.clampMin(x.neg(), -high).neg();
  }

  /// The smaller of two, element by element.
  static Tensor smaller(Tensor a, Tensor b) {
    return Ops.where(a.lt(b), a, b);
  }

  /// The larger of two, element by element.
  static Tensor larger(Tensor a, Tensor b) {
    return Ops.where(a.gt(b), a, b);
  }
}
