package org.jtorch.merge;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Merges weights one at a time, in float32 (float64 for such weights), whatever type they are stored in.
public final class Merging {
  /// Where a model's weights come from.
  @FunctionalInterface
  public interface Weights {
    /// A weight in any floating type, in the innermost scope.
    Tensor get(String name);
  }

  private final MergeMethod method;
  private final List<Weights> models;
  private final @Nullable Weights base;

  /// @param names of all weights, which a method may want to see before the first is merged
  /// @throws IllegalArgumentException if the method needs a base, or another number of models
  public Merging(MergeMethod method, List<Weights> models, @Nullable Weights base, Set<String> names) {
    method.requireModels(models.size());
    if (method.needsBase() && base == null) {
      throw new IllegalArgumentException("`" + method.id() + "` merges what models have beyond a base, and no `base` is given; give the model"
          + " that they started from");
    }
    this.models = List.copyOf(models);
    this.base = base;
    this.method = method.needsProducts() ? method.knowing(products(names)) : method;
  }

  /// The merged value of a weight, float32 or float64.
  public Tensor weight(String name) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      Tensor merged = method.merge(vectors(name), name);
      return scope.promote(base == null ? merged : merged.add(precise(base.get(name))));
    }
  }

  private List<Tensor> vectors(String name) {
    if (base == null) {
      return models.stream().map(m -> precise(m.get(name))).toList();
    }
    Tensor from = precise(base.get(name));
    return models.stream().map(m -> precise(m.get(name)).sub(from)).toList();
  }

  private double[][] products(Set<String> names) {
    double[][] sums = new double[models.size()][models.size()];
    for (String name : names) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        double[][] products = Slerp.products(vectors(name));
        for (int i = 0; i < sums.length; i++) {
          for (int j = 0; j < sums.length; j++) {
            sums[i][j] += products[i][j];
          }
        }
      }
    }
    return sums;
  }

  private static Tensor precise(Tensor t) {
    return t.dtype() == DType.F64 ? t : t.to(DType.F32);
  }
}
