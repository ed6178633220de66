package org.jtorch.merge;

import java.util.List;
import java.util.Optional;
import org.jtorch.tensor.Tensor;

/// How the values that several models have for one weight become one value.
///
/// Methods see task vectors: what a model has beyond the base, `θ − θ_base`, or the weights themselves if there is no base. What they make of
/// them is added to the base.
public sealed interface MergeMethod permits Linear, Slerp, TaskArithmetic, Ties, Dare {
  /// What messages and commands call it.
  String id();

  /// Whether it says nothing without a base.
  boolean needsBase();

  /// Fails unless the method can merge so many models.
  void requireModels(int models);

  /// Whether it wants to know all tensors of a group before the first, see [#knowing].
  default boolean needsProducts() {
    return false;
  }

  /// The group that a weight belongs to, of which the method wants to know all tensors together.
  default String group(String name) {
    return name;
  }

  /// The method to use for a group when the inner products of its task vectors are known.
  ///
  /// @param products of model i with model j, over all tensors of the group
  default MergeMethod knowing(double[][] products) {
    return this;
  }

  /// What is odd about a group of tensors with these products.
  default Optional<String> warning(double[][] products) {
    return Optional.empty();
  }

  /// The merged task vector of one weight.
  ///
  /// @param vectors one for each model, all of one floating type and shape
  /// @param name of the weight
  Tensor merge(List<Tensor> vectors, String name);

  /// `Σ factor · vector`
  static Tensor sum(List<Tensor> vectors, double[] factors) {
    Tensor sum = vectors.getFirst().mul(factors[0]);
    for (int i = 1; i < factors.length; i++) {
      sum.addInPlace(vectors.get(i), factors[i]);
    }
    return sum;
  }
}
