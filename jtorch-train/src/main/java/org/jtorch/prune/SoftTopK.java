package org.jtorch.prune;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// A mask whose entries add to k, from scores: `z = argmax ⟨s, z⟩ + ε H(z)` over `0 ≤ z ≤ 1, Σz = k`, with the entropy H (CoDA,
/// arXiv:2304.04947; AFM prunes with it, arXiv:2407.21075, section 3.2).
///
/// For ε → 0 the k largest scores have 1 and the others 0; adding a constant to all scores changes nothing. With the dual a of the sum
/// the mask is `z = min(1, exp((s + a) / ε))`. The paper finds a by coordinate ascent, `a = ε ln k − ε logsumexp((s + b) / ε)` and
/// `b = min(−s − a, 0)` in turn, some 20 times. Where ε is small beside the scores, that is far from the end: 20 rounds on normal scores
/// leave a sum of 8 to 14 for k = 17 and ε = 0.05. So its fixed point is found here by halving an interval. That says which m entries are
/// 1, and then `a = ε ln(k − m) − ε logsumexp(s / ε)` over the others; its gradient is that of infinitely many rounds.
///
/// @param k what the mask adds to, above 0; it need not be whole while it falls. k = F gives ones
/// @param epsilon ε, the softness
public record SoftTopK(double k, double epsilon) {
  /// Halvings of an interval some hundreds long: to the last digits of float64.
  private static final int HALVINGS = 60;

  public SoftTopK {
    Require.that(k > 0 && k < Double.POSITIVE_INFINITY, "k", k, "above 0", "256");
    Require.that(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY, "epsilon", epsilon, "above 0", "0.05");
  }

  /// @param scores `[..., F]`, each row for itself
  /// @return the masks, float32 (float64 of such scores) `[..., F]`
  public Tensor apply(Tensor scores) {
    int last = scores.dim() - 1;
    long F = scores.size(last);
    Require.that(k <= F, "k", k, "at most the number of scores (" + F + ")", Long.toString(Math.max(1, F / 2)));
    Tensor u = scores.to(DType.F64).div(epsilon);                                           // all in units of ε
    DType type = scores.dtype() == DType.F64 ? DType.F64 : DType.F32;
    if (k == F) {
      return u.mul(0.0).add(1.0).to(type);                                                  // with a gradient, which is 0
    }
    Tensor full = full(u.detach(), last);
    Tensor free = u.maskedFill(full, Double.NEGATIVE_INFINITY);
    Tensor left = full.to(DType.F64).sum(last, true).neg().add(k);                          // k − m [..., 1]
    Tensor x = free.add(left.log().sub(logSumExp(free, last)));
    return x.sub(Ops.relu(x)).exp().maskedFill(full, 1.0).to(type);                         // min(x, 0): rounding stays below 1
  }

  /// Where the mask is 1. bool `[..., F]`
  private Tensor full(Tensor u, int last) {
    try (var _ = Grad.off()) {
      Tensor low = u.amax(last, true).neg().add(Math.log(k / u.size(last)));                // no entry above k / F
      Tensor high = u.neg().amax(last, true);                                               // all entries 1
      for (int i = 0; i < HALVINGS; i++) {
        Tensor middle = low.add(high).div(2);
        Tensor x = u.add(middle);
        Tensor tooMuch = x.sub(Ops.relu(x)).exp().sum(last, true).sub(k).ge(0.0);
        high = Ops.where(tooMuch, middle, high);
        low = Ops.where(tooMuch, low, middle);
      }
      return u.add(low).ge(0.0);
    }
  }

  private static Tensor logSumExp(Tensor x, int last) {
    Tensor high = x.detach().amax(last, true);
    return x.sub(high).exp().sum(last, true).log().add(high);
  }
}
