package org.jtorch.nn;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `y = w ⊙ cast(x · rsqrt(mean(x²) + ε))` over the last dimension, statistics in float32 and the cast to x's
/// type *before* the weight: the order of Llama and Qwen 2. weight `[C]`, initially 1.
///
/// On a tape the gradient is written by hand: with `x̂ = x r` and `g = w ⊙ dy`,
/// `dx = r (g − x̂ · mean(g ⊙ x̂))` and `dw = Σ dy ⊙ x̂`, a third of the passes over memory that autograd makes.
public final class RmsNorm extends Layer {
  private final int dim;
  private final double eps;
  private final Parameter weight;

  public RmsNorm(int dim, double eps) {
    this.dim = dim;
    this.eps = eps;
    this.weight = parameter("weight", new Init.Constant(1), dim);
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                  // [..., C]
    GradTape tape = pass.tape();
    if (tape == null) {
      Tensor f = x.to(precise(x));
      Tensor r = f.square().mean(-1, true).add(eps).rsqrt();                 // [..., 1]
      return f.mul(r).to(x.dtype()).mul(weight.tensor());
    }
    try (var _ = Grad.off()) {
      Tensor r = Ops.norm(x, -1, true).square().div(dim).add(eps).rsqrt();   // float32 [..., 1]
      Tensor y = normalize(x, r).mulInPlace(weight.tensor());
      return tape.record(y, new Tensor[] {x, weight.tensor()}, new Tensor[] {r}, dy -> backward(x, r, dy));
    }
  }

  private static Tensor normalize(Tensor x, Tensor r) {
    return x.dtype().isHalf() ? x.to(DType.F32).mul(r).to(x.dtype()) : x.mul(r);
  }

  /// The type of the statistics: float32, or the float64 of finite differences.
  private static DType precise(Tensor x) {
    return x.dtype() == DType.F64 ? DType.F64 : DType.F32;
  }

  private Tensor[] backward(Tensor x, Tensor r, Tensor dy) {
    Tensor w = weight.tensor();
    Tensor rs = r.to(x.dtype());
    Tensor xhat = x.mul(rs).reshape(-1, dim);                                // [N, C]
    Tensor t = xhat.mul(dy.reshape(-1, dim));                                // dy ⊙ x̂
    Tensor dw = t.sum(0, false);
    Tensor c = t.matmul(w.view(dim, 1)).div(dim);                            // mean(g ⊙ x̂) [N, 1]
    Tensor dx = dy.reshape(-1, dim).mul(w).addcmulInPlace(xhat, c, -1).mulInPlace(rs.reshape(-1, 1));
    return new Tensor[] {dx.view(x.shape()), dw};
  }
}
