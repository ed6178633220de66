package org.jtorch.merge;

import java.util.Collections;
import java.util.List;
import org.jtorch.tensor.Tensor;

/// The weighted mean, `Σ wᵢ θᵢ / Σ wᵢ`: model soups (arXiv:2203.05482), averages of checkpoints, WARM's reward models (arXiv:2401.12187),
/// Llama 3's averages of each stage (arXiv:2407.21783, section 4.1). With the weights 1 − η and η of a base and a model: WARP's
/// interpolation towards the initialization.
public record Linear(List<Double> weights) implements MergeMethod {
  public Linear {
    weights = Weighted.checked(weights);
    double sum = weights.stream().mapToDouble(w -> w).sum();
    if (!(Math.abs(sum) > 1e-9)) {
      throw new IllegalArgumentException("`weights` " + weights + " add up to " + sum + ", by which the mean is divided; [0.5, 0.5] for example");
    }
  }

  /// All count alike: the uniform soup.
  public static Linear uniform(int models) {
    return new Linear(Collections.nCopies(models, 1.0));
  }

  @Override public String id() {
    return "linear";
  }

  @Override public boolean needsBase() {
    return false;
  }

  @Override public void requireModels(int models) {
    Weighted.require(weights, models);
  }

  @Override public Tensor merge(List<Tensor> vectors, String name) {
    return MergeMethod.sum(vectors, Weighted.array(shares()));
  }

  /// `wᵢ / Σ w`.
  public List<Double> shares() {
    double sum = weights.stream().mapToDouble(w -> w).sum();
    return weights.stream().map(w -> w / sum).toList();
  }
}
