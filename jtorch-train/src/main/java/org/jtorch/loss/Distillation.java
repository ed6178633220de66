package org.jtorch.loss;

import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.DivergencePass;
import org.jtorch.tensor.kernel.DivergencePass.How;

/// The divergence of a token's distribution from a teacher's, both at a temperature and in float32 whatever the logits' types.
///
/// Vocabularies that are filled up to different sizes go together: what only one of the two has is out of both distributions.
///
/// @param temperature what both logits are divided by
/// @param factor what the divergence is multiplied by: temperature² keeps the gradients' size (arXiv:1503.02531, section 2), 1 leaves it
public record Distillation(Teacher teacher, Divergence divergence, double temperature, double factor) implements TokenLoss {
  public Distillation {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature + "; 1 is usual");
    }
    if (!(factor > 0)) {
      throw new IllegalArgumentException("`factor` must be > 0 but was " + factor + "; 1 or the square of the temperature");
    }
  }

  /// As the model emits them: at temperature 1.
  public Distillation(Teacher teacher, Divergence divergence) {
    this(teacher, divergence, 1, 1);
  }

  /// With the teacher's.
  @Override public int logitsAtOnce() {
    return 2;
  }

  @Override public Tensor values(Chunk chunk) {
    return DivergencePass.values(chunk.logits(), theirs(chunk), how()).mul(factor);
  }

  @Override public Tensor gradient(Chunk chunk) {
    return DivergencePass.gradient(chunk.logits(), theirs(chunk), how(), chunk.weights().mul(factor), chunk.cap()).mul(factor);
  }

  private Tensor theirs(Chunk chunk) {
    try (var _ = Grad.off()) {
      return teacher.logits(chunk.rows());
    }
  }

  private How how() {
    return switch (divergence) {
      case Divergence.SoftCrossEntropy _ -> new How(0, true, temperature);
      case Divergence.ForwardKl _ -> new How(0, false, temperature);
      case Divergence.ReverseKl _ -> new How(1, false, temperature);
      case Divergence.JensenShannon(double beta) -> new How(beta, false, temperature);
    };
  }
}
