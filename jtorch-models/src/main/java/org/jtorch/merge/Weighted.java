package org.jtorch.merge;

import java.util.List;

/// Numbers that each model counts with.
final class Weighted {
  private Weighted() {}

  static List<Double> checked(List<Double> weights) {
    if (weights.isEmpty() || !weights.stream().allMatch(Double::isFinite)) {
      throw new IllegalArgumentException("`weights` must be numbers, one for each model, but were " + weights + "; [0.5, 0.5] for example");
    }
    return List.copyOf(weights);
  }

  static void require(List<Double> weights, int models) {
    if (weights.size() != models) {
      throw new IllegalArgumentException("there are " + models + " models but " + weights.size() + " `weights`; give each model one");
    }
  }

  static double[] array(List<Double> weights) {
    return weights.stream().mapToDouble(w -> w).toArray();
  }
}
