package org.jtorch.prune;

import org.jtorch.decoder.Decoder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// Scores of neurons that need no training: what learned masks are measured by, and may begin with.
public final class NeuronScores {
  private NeuronScores() {}

  /// The product of the norms of a neuron's three vectors, its rows of gate and up and its column of down; it stays the same when a
  /// factor moves from one of them to another. float32 `[L, F]`
  public static Tensor magnitude(Decoder model) {
    try (var _ = Grad.off()) {
      return Ops.stack(0, FeedForward.of(model).stream().map(f -> norm(f.gate().view(), 1).mul(norm(f.up().view(), 1))
          .mul(norm(f.downWeight(), 0))).toList());
    }
  }

  private static Tensor norm(Tensor weight, int dim) {
    return Ops.norm(weight.detach(), dim, false).to(DType.F32);
  }

  /// Random scores: the choice that anything better must beat. float32 `[L, F]`
  public static Tensor random(Decoder model, Rng rng) {
    return rng.uniform(0, 1, DType.F32, model.device(), model.config().layers(), FeedForward.width(model.config()));
  }
}
