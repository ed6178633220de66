package org.jtorch.merge;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
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
  private final SequencedMap<String, double[][]> products = new LinkedHashMap<>();

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
    this.method = method;
    if (method.needsProducts()) {
      names.forEach(this::count);
    }
  }

  /// What is odd about the models, one sentence for each group of weights that the method knows together.
  public List<String> warnings() {
    return products.entrySet().stream().flatMap(e -> method.warning(e.getValue()).map(text -> e.getKey() + ": " + text).stream()).toList();
  }

  /// The angles between the task vectors of the models in each group of weights that the method knows together, in degrees; NaN where one
  /// is zero. `[models][models]`
  public SequencedMap<String, double[][]> angles() {
    var angles = new LinkedHashMap<String, double[][]>();
    products.forEach((group, p) -> angles.put(group, degrees(p)));
    return angles;
  }

  private static double[][] degrees(double[][] products) {
    double[][] degrees = new double[products.length][products.length];
    for (int i = 0; i < degrees.length; i++) {
      for (int j = 0; j < degrees.length; j++) {
        double cosine = products[i][j] / Math.sqrt(products[i][i] * products[j][j]);
        degrees[i][j] = Math.toDegrees(Math.acos(Math.clamp(cosine, -1, 1)));
      }
    }
    return degrees;
  }

  /// The merged value of a weight, float32 or float64.
  public Tensor weight(String name) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      double[][] known = products.get(method.group(name));
      Tensor merged = (known == null ? method : method.knowing(known)).merge(vectors(name), name);
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

  private void count(String name) {
    double[][] sums = products.computeIfAbsent(method.group(name), _ -> new double[models.size()][models.size()]);
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[][] each = Slerp.products(vectors(name));
      for (int i = 0; i < sums.length; i++) {
        for (int j = 0; j < sums.length; j++) {
          sums[i][j] += each[i][j];
        }
      }
    }
  }

  private static Tensor precise(Tensor t) {
    return t.dtype() == DType.F64 ? t : t.to(DType.F32);
  }
}
