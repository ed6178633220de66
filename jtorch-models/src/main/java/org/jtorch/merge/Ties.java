package org.jtorch.merge;

import java.util.Arrays;
import java.util.List;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// TIES (arXiv:2306.01708, section 3): of each task vector only the largest entries stay; where models pull apart, the sign with more weight
/// behind it wins; the entries that have it are averaged, and the mean, times λ, is added to the base.
///
/// @param density the share of entries that stays, in (0, 1]; the paper's is 0.2
/// @param lambda what the merged vector is multiplied by; the paper's is 1
public record Ties(double density, double lambda) implements MergeMethod {
  public Ties {
    if (!(density > 0 && density <= 1)) {
      throw new IllegalArgumentException("`density` must be in (0, 1] but was " + density + "; 0.2 is the paper's");
    }
    if (!Double.isFinite(lambda)) {
      throw new IllegalArgumentException("`lambda` must be a number but was " + lambda + "; 1 is the paper's");
    }
  }

  @Override public String id() {
    return "ties";
  }

  @Override public boolean needsBase() {
    return true;
  }

  @Override public void requireModels(int models) {
    if (models < 1) {
      throw new IllegalArgumentException("there is no model to merge; give one or more");
    }
  }

  @Override public Tensor merge(List<Tensor> vectors, String name) {
    var kept = vectors.stream().map(this::largest).toList();
    Tensor mass = MergeMethod.sum(kept, ones(kept.size()));
    Tensor up = mass.ge(0.0);                                                // the sign that is elected
    Tensor sum = Ops.zerosLike(mass);
    Tensor count = Ops.zerosLike(mass);
    Tensor zero = Ops.zerosLike(mass);
    for (Tensor v : kept) {
      Tensor agrees = up.and(v.gt(zero)).or(up.not().and(v.lt(zero)));
      sum.addInPlace(v.mul(agrees.to(v.dtype())));
      count.addInPlace(agrees.to(v.dtype()));
    }
    return sum.div(Ops.clampMin(count, 1.0)).mul(lambda);
  }

  private static double[] ones(int n) {
    double[] ones = new double[n];
    Arrays.fill(ones, 1);
    return ones;
  }

  /// The `density` largest entries by magnitude; zeros elsewhere.
  private Tensor largest(Tensor vector) {
    long keep = Math.max(1, Math.round(density * vector.numel()));
    if (keep >= vector.numel()) {
      return vector;
    }
    Tensor size = vector.abs();
    Tensor values = Ops.topK(size.reshape(-1), keep).values();
    return vector.mul(values.narrow(0, keep - 1, 1).le(size).to(vector.dtype()));
  }
}
