package org.jtorch.prune;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// A mask whose entries add to k, from scores: `z = argmax ⟨s, z⟩ + ε H(z)` over `0 ≤ z ≤ 1, Σz = k`, with the entropy H (CoDA,
/// arXiv:2304.04947; AFM prunes with it, arXiv:2407.21075, section 3.2).
///
/// For ε → 0 the k largest scores have 1 and the others 0; adding a constant to all scores changes nothing. It is solved by coordinate
/// ascent on the duals a of the sum and b ≤ 0 of the bound: `a = ε ln k − ε logsumexp((s + b) / ε)`, `b = min(−s − a, 0)`, and
/// `z = exp((s + a + b) / ε)`. Gradients flow through all iterations. k = F gives ones.
///
/// @param k what the mask adds to, above 0; it need not be whole while it falls
/// @param epsilon ε, the softness
/// @param iterations of the ascent; 20 bring the sum within a thousandth of k, wherever k is not next to F
public record SoftTopK(double k, double epsilon, int iterations) {
  public static final int ITERATIONS = 20;

  public SoftTopK {
    Require.that(k > 0 && k < Double.POSITIVE_INFINITY, "k", k, "above 0", "256");
    Require.that(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY, "epsilon", epsilon, "above 0", "0.05");
    Require.that(iterations >= 1, "iterations", iterations, "1 or above", "20");
  }

  public SoftTopK(double k, double epsilon) {
    this(k, epsilon, ITERATIONS);
  }

  /// @param scores `[..., F]`, each row for itself
  /// @return the masks, float32 (float64 of such scores) `[..., F]`
  public Tensor apply(Tensor scores) {
    int last = scores.dim() - 1;
    long F = scores.size(last);
    Require.that(k <= F, "k", k, "at most the number of scores (" + F + ")", Long.toString(Math.max(1, F / 2)));
    Tensor u = (scores.dtype().isHalf() ? scores.to(DType.F32) : scores).div(epsilon);      // all in units of ε
    if (k == F) {
      return u.mul(0.0).add(1.0);                                                           // with a gradient, which is 0
    }
    Tensor a = sumTo(u, last);
    Tensor bounded = u;                                                                     // u + b
    for (int i = 1; i < iterations; i++) {
      bounded = u.sub(Ops.relu(u.add(a)));
      a = sumTo(bounded, last);
    }
    return u.sub(Ops.relu(u.add(a))).add(a).exp();
  }

  /// What to add so that the exponentials of a row sum to k. `[..., F]` to `[..., 1]`
  private Tensor sumTo(Tensor x, int last) {
    Tensor high = x.detach().amax(last, true);
    return x.sub(high).exp().sum(last, true).log().add(high).neg().add(Math.log(k));
  }
}
