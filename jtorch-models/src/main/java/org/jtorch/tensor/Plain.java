package org.jtorch.tensor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The plain twins of [Fused]: the same results from ordinary operators, for builds without the C ABI.
final class Plain {
  private Plain() {}

  static void adamW(List<Tensor> params, List<Tensor> grads, List<Tensor> ms, List<Tensor> vs, List<Tensor> steps,
      double lr, double beta1, double beta2, double decay, double eps, @Nullable Tensor gradScale) {
    for (int i = 0; i < params.size(); i++) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor m = ms.get(i);
        Tensor v = vs.get(i);
        Tensor g = gradScale == null ? grads.get(i) : grads.get(i).div(gradScale);
        double t = steps.get(i).item();
        params.get(i).mulInPlace(1 - lr * decay);
        m.mulInPlace(beta1).addInPlace(g, 1 - beta1);
        v.mulInPlace(beta2).addInPlace(g.square(), 1 - beta2);
        Tensor denominator = v.sqrt().div(Math.sqrt(1 - Math.pow(beta2, t))).add(eps);
        params.get(i).addInPlace(m.div(denominator), -lr / (1 - Math.pow(beta1, t)));
      }
    }
  }

  static void copyAll(List<Tensor> to, List<Tensor> from) {
    for (int i = 0; i < to.size(); i++) {
      to.get(i).copyInPlace(from.get(i));
    }
  }

  static Tensor softmaxBackward(Tensor gradient, Tensor probabilities) {
    return gradient.sub(gradient.mul(probabilities).sum(-1, true)).mul(probabilities);
  }

  static Tensor groupedMatmul(Tensor a, Tensor b, Tensor ends) {
    long[] end = ends.toLongs();
    boolean columns = b.dim() == 2;
    var parts = new ArrayList<Tensor>();
    long start = 0;
    for (int e = 0; e < end.length; e++) {
      long n = end[e] - start;
      parts.add(columns ? a.narrow(1, start, n).matmul(b.narrow(0, start, n)) : a.narrow(0, start, n).matmul(b.select(0, e)));
      start = end[e];
    }
    return columns ? Ops.stack(0, parts) : Ops.cat(0, parts.toArray(Tensor[]::new));
  }

  /// The statistics in float32, the cast to x's type before the weight (Llama's order).
  static Fused.Normed rmsNorm(Tensor x, Tensor w, double eps) {
    Tensor f = x.dtype() == DType.F64 ? x : x.to(DType.F32);
    Tensor r = f.square().mean(-1, true).add(eps).rsqrt();
    return new Fused.Normed(f.mul(r).to(x.dtype()).mul(w), r);
  }

  /// `dx = r (g − x̂ · mean(g ⊙ x̂))` with `g = w ⊙ dy`, and `dw = Σ dy ⊙ x̂`.
  static Tensor[] rmsNormBackward(Tensor dy, Tensor x, Tensor r, Tensor w) {
    Tensor hat = x.mul(r);
    Tensor g = dy.mul(w);
    Tensor dx = g.sub(hat.mul(g.mul(hat).mean(-1, true))).mul(r);
    return new Tensor[] {dx, dy.mul(hat).reshape(-1, w.numel()).sum(0, false)};
  }
}
