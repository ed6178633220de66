package org.jtorch.loss;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;

/// A loss of every token, from the logits of its position: cross-entropy, or the distance from a teacher.
///
/// [ChunkedLoss] walks a batch through the head in chunks and asks for each. A loss with a formula for its gradient implements
/// this; one that autograd shall differentiate implements [ByAutograd], which is a single method.
public interface TokenLoss {
  /// Some positions of a batch.
  ///
  /// @param logits of the model's type, capped if the model caps, `[n, V]`
  /// @param targets the token after each position, int64 `[n]`; 0 where the weight is 0 because there is none
  /// @param weights what each position's loss is multiplied by, float32 `[n]`; 0 for positions that only fill the chunk up
  /// @param rows index of each position in the batch, counted through its rows, int64 `[n]`: for what a loss looks up, such as a
  ///     teacher's hidden state
  /// @param cap c of the cap `c tanh(u / c)` that the logits ended with; infinite for none
  record Chunk(Tensor logits, Tensor targets, Tensor weights, Tensor rows, double cap) {
    Chunk with(Tensor otherLogits, Tensor otherWeights) {
      return new Chunk(otherLogits, targets, otherWeights, rows, cap);
    }
  }

  /// The loss of each position, not weighted. float32 (float64 of such logits) `[n]`
  Tensor values(Chunk chunk);

  /// The same, and puts the gradient of `Σ weights · values` with respect to the logits before the cap in the place of the
  /// logits.
  Tensor gradient(Chunk chunk);

  /// How many tensors as large as a chunk's logits there are at once, the logits among them: chunks are as much smaller.
  default int logitsAtOnce() {
    return 1;
  }

  /// A loss whose gradient autograd finds. It costs float32 copies of a chunk's logits.
  interface ByAutograd extends TokenLoss {
    /// @param logits float32 `[n, V]`
    /// @return the loss of each position, `[n]`
    Tensor loss(Tensor logits, Chunk chunk);

    @Override default Tensor values(Chunk chunk) {
      try (var _ = Grad.off()) {
        return loss(precise(chunk.logits), chunk);
      }
    }

    @Override default Tensor gradient(Chunk chunk) {
      Tensor z = precise(chunk.logits.detach()).detach();
      if (z.dtype() == chunk.logits.dtype()) {
        z = z.copy();
      }
      Tensor values;
      try (var _ = Grad.on()) {
        z.requiresGrad(true);
        values = loss(z, chunk);
        values.mul(chunk.weights.to(values.dtype())).sum().backward();
      }
      Tensor d = z.grad();
      if (d == null) {
        throw new IllegalStateException("the loss " + getClass().getSimpleName() + " does not depend on the logits");
      }
      Tensor u = z.detach();
      chunk.logits.copyInPlace(chunk.cap == Double.POSITIVE_INFINITY ? d : d.mul(u.div(chunk.cap).square().neg().add(1.0)));
      return values.detach();
    }

    private static Tensor precise(Tensor t) {
      return t.dtype().isHalf() ? t.to(DType.F32) : t;
    }
  }
}
