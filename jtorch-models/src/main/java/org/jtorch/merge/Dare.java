package org.jtorch.merge;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// DARE (arXiv:2311.03099, section 3): of each task vector every entry stays with the probability `density`, and what stays is divided by
/// it; then task arithmetic. Which entries stay depends on the seed, the weight's name and the model's place only.
public record Dare(List<Double> weights, double density, long seed) implements MergeMethod {
  public Dare {
    weights = Weighted.checked(weights);
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException("`density` must be in (0, 1] but was " + density + "; 0.1 to 0.5 are usual");
    }
  }

  @Override public String id() {
    return "dare";
  }

  @Override public boolean needsBase() {
    return true;
  }

  @Override public void requireModels(int models) {
    Weighted.require(weights, models);
  }

  @Override public Tensor merge(List<Tensor> vectors, String name) {
    var rng = Rng.of(seed * 31 + name.hashCode());
    var kept = new ArrayList<Tensor>();
    for (Tensor v : vectors) {
      kept.add(v.mul(rng.mask(1 - density, v)).div(density));
    }
    return MergeMethod.sum(kept, Weighted.array(weights));
  }
}
