package org.jtorch.loss;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.TokenPass;

/// Cross-entropy with the next token, in float32 whatever the logits' type:
/// `−(1 − ε) log p[target] − ε/V Σⱼ log pⱼ + ζ (log Σ eᶻ)²`.
///
/// @param labelSmoothing ε, in `[0, 1)` (arXiv:1512.00567, section 7)
/// @param zLoss ζ, at least 0 (arXiv:2204.02311, section 5)
public record CrossEntropy(double labelSmoothing, double zLoss) implements TokenLoss {
  /// Without smoothing and z-loss.
  public static final CrossEntropy PLAIN = new CrossEntropy(0, 0);

  public CrossEntropy {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException("`label_smoothing` must be in [0, 1) but was " + labelSmoothing + "; 0.1 is usual where it is used");
    }
    if (!(zLoss >= 0)) {
      throw new IllegalArgumentException("`z_loss` must be >= 0 but was " + zLoss + "; 1e-4 is usual where it is used");
    }
  }

  @Override public Tensor values(Chunk chunk) {
    return values(TokenPass.forward(chunk.logits(), chunk.targets()), chunk.logits().size(1));
  }

  @Override public Tensor gradient(Chunk chunk) {
    var rows = TokenPass.forward(chunk.logits(), chunk.targets());
    Tensor w = chunk.weights();
    Tensor a = w.mul(labelSmoothing - 1);
    Tensor b = labelSmoothing == 0 ? null : w.mul(-labelSmoothing / chunk.logits().size(1));
    Tensor c = zLoss == 0 ? w : w.mul(rows.lse().mul(2 * zLoss).add(1.0));
    TokenPass.gradient(chunk.logits(), chunk.targets(), rows.lse(), a, b, c, chunk.cap());
    return values(rows, chunk.logits().size(1));
  }

  private Tensor values(TokenPass.Rows rows, long vocab) {
    Tensor loss = rows.lse().sub(labelSmoothing == 0 ? rows.chosen() : rows.chosen().mul(1 - labelSmoothing));
    if (labelSmoothing != 0) {
      loss = loss.sub(rows.sum().mul(labelSmoothing / vocab));
    }
    return zLoss == 0 ? loss : loss.add(rows.lse().square().mul(zLoss));
  }
}
