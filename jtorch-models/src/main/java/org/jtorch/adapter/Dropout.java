package org.jtorch.adapter;

import java.util.WeakHashMap;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Seeded dropout while gradients are recorded. The mask is a function of the seed, of the forward and of the product, so that
/// a checkpointed block computes the same again; forwards are told apart by what their layers share.
final class Dropout {
  private final double p;
  private final long seed;
  private final int products;
  private final WeakHashMap<Pass.Shared, Long> forwards = new WeakHashMap<>();
  private long count;

  Dropout(double p, long seed, int products) {
    this.p = p;
    this.seed = seed;
    this.products = products;
  }

  /// x with some elements zero and the others larger by 1 / (1 − p). `[..., in]`
  Tensor apply(Tensor x, int product, Pass pass) {
    if (!active(pass)) {
      return x;
    }
    Tensor kept = Rng.at(seed, forward(pass) * products + product).uniform(0, 1, org.jtorch.tensor.DType.F32, x.device(), x.shape())
        .ge(p).to(x.dtype());
    return x.mul(kept.mul(1 / (1 - p)));
  }

  /// Whether this pass drops anything.
  boolean active(Pass pass) {
    return p > 0 && (Grad.isOn() || pass.tape() != null);
  }

  private long forward(Pass pass) {
    return pass.shared() == null ? count++ : forwards.computeIfAbsent(pass.shared(), _ -> count++);
  }
}
