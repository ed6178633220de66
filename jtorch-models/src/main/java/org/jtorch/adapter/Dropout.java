package org.jtorch.adapter;

import java.util.WeakHashMap;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Seeded dropout while gradients are recorded. The mask is a function of the seed, of the forward and of the product, so that
/// a checkpointed block computes the same again; forwards are told apart by what their layers share, and counted by the stream.
final class Dropout {
  private final double p;
  private final Rng stream;
  private final int products;
  private final WeakHashMap<Pass.Shared, Long> forwards = new WeakHashMap<>();

  /// @param stream whose counter is that of the forwards; from there a resumed run goes on
  Dropout(double p, Rng stream, int products) {
    this.p = p;
    this.stream = stream;
    this.products = products;
  }

  Rng stream() {
    return stream;
  }

  /// x with some elements zero and the others larger by 1 / (1 − p). `[..., in]`
  Tensor apply(Tensor x, int product, Pass pass) {
    if (!active(pass)) {
      return x;
    }
    Tensor kept = Rng.at(stream.seed(), forward(pass) * products + product).mask(p, x);
    return x.mul(kept.mul(1 / (1 - p)));
  }

  /// Whether this pass drops anything.
  boolean active(Pass pass) {
    return p > 0 && (Grad.isOn() || pass.tape() != null);
  }

  private long forward(Pass pass) {
    return pass.shared() == null ? stream.skip() : forwards.computeIfAbsent(pass.shared(), _ -> stream.skip());
  }
}
