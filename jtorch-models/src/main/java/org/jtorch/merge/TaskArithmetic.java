package org.jtorch.merge;

import java.util.List;
import org.jtorch.tensor.Tensor;

/// `θ_base + Σ λᵢ (θᵢ − θ_base)` (arXiv:2212.04089, section 2): what models learned is added up, or with a negative λ taken away.
public record TaskArithmetic(List<Double> weights) implements MergeMethod {
  public TaskArithmetic {
    weights = Weighted.checked(weights);
  }

  @Override public String id() {
    return "task_arithmetic";
  }

  @Override public boolean needsBase() {
    return true;
  }

  @Override public void requireModels(int models) {
    Weighted.require(weights, models);
  }

  @Override public Tensor merge(List<Tensor> vectors, String name) {
    return MergeMethod.sum(vectors, Weighted.array(weights));
  }
}
