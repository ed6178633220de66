package org.jtorch.nn;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// How a parameter begins.
public sealed interface Init {
  /// A new tensor of this kind, in the innermost scope.
  Tensor make(Rng rng, DType dtype, Device device, long... shape);

  /// Every element the same: 1 for norm weights, 0 for biases.
  record Constant(double value) implements Init {
    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      return Ops.full(value, dtype, device, shape);
    }
  }

  /// Normal with mean 0.
  record Normal(double std) implements Init {
    public Normal {
      if (!(std > 0)) {
        throw new IllegalArgumentException("std must be > 0 but was " + std + "; 0.02 is usual");
      }
    }

    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      return rng.normal(0, std, dtype, device, shape);
    }
  }
}
