package org.jtorch.nn;

/// The kinds of normalization over the last dimension.
public sealed interface NormConfig {
  /// ε, added to the mean square or the variance.
  double eps();

  /// The layer, for `dim` channels.
  Layer build(int dim);

  /// Llama's: cast to the activations' type, then times w, which begins at 1.
  record Rms(double eps) implements NormConfig {
    public Rms {
      positive(eps);
    }

    @Override public Layer build(int dim) {
      return new RmsNorm(dim, eps);
    }
  }

  /// Gemma's: times (1 + w) in float32, then the cast; w begins at 0.
  record RmsPlusOne(double eps) implements NormConfig {
    public RmsPlusOne {
      positive(eps);
    }

    @Override public Layer build(int dim) {
      return RmsNorm.plusOne(dim, eps);
    }
  }

  /// Mean and variance, with weight and bias.
  record LayerNorm(double eps) implements NormConfig {
    public LayerNorm {
      positive(eps);
    }

    @Override public Layer build(int dim) {
      return new org.jtorch.nn.LayerNorm(dim, eps);
    }
  }

  private static void positive(double eps) {
    if (!(eps > 0)) {
      throw new IllegalArgumentException("`rms_norm_eps` must be > 0 but was " + eps + "; 1e-5 is usual");
    }
  }
}
