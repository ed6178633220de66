package org.jtorch.nn;

import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// How a parameter begins.
public sealed interface Init {
  /// A new tensor of this kind, in the innermost scope.
  Tensor make(Rng rng, DType dtype, Device device, long... shape);

  /// How weights that one parameter stacks by rows begin: each by its own shape, in one draw where the number of rows says nothing.
  static Init stacked(List<Stacked.Rows> rows) {
    Init first = rows.getFirst().init();
    boolean alike = rows.stream().allMatch(r -> r.init().equals(first));
    return rows.size() == 1 || (alike && !(first instanceof Xavier)) ? first : new Stacked(rows);
  }

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

  /// Normal with variance 1 / fan-in, as muP has it (arXiv:2203.03466, table 3). shape `[out, in]`
  record FanIn() implements Init {
    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      return rng.normal(0, Math.sqrt(1.0 / shape[shape.length - 1]), dtype, device, shape);
    }
  }

  /// Kaiming uniform with a = √5, as PyTorch's linear layers and LoRA's A begin: in ±1/√fan-in. shape `[out, in]`
  record Uniform() implements Init {
    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      double bound = 1 / Math.sqrt((double) shape[shape.length - 1]);
      return rng.uniform(-bound, bound, dtype, device, shape);
    }
  }

  /// Xavier normal: variance gain² · 2 / (fan-in + fan-out). shape `[out, in]`
  record Xavier(double gain) implements Init {
    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      return rng.normal(0, gain * Math.sqrt(2.0 / (shape[0] + shape[1])), dtype, device, shape);
    }
  }

  /// Several weights stacked by rows, each in its own way; see [Init#stacked].
  record Stacked(List<Rows> rows) implements Init {
    /// `count` rows that begin like this.
    public record Rows(Init init, long count) {}

    @Override public Tensor make(Rng rng, DType dtype, Device device, long... shape) {
      return Ops.cat(0, rows.stream().map(r -> {
        long[] part = shape.clone();
        part[0] = r.count();
        return r.init().make(rng, dtype, device, part);
      }).toArray(Tensor[]::new));
    }
  }
}
