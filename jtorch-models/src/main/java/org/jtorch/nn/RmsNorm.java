package org.jtorch.nn;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Root-mean-square normalization over the last dimension, statistics in float32. weight `[C]`
///
/// Two orders of casting (arXiv:1910.07467). Llama and Qwen 2: `y = w ⊙ cast(x · rsqrt(mean(x²) + ε))`, w initially 1.
/// Gemma: `y = cast(x · rsqrt(mean(x²) + ε) ⊙ (1 + w))`, w initially 0. In float32 they agree for `w_llama = 1 + w_gemma`;
/// in bf16 they do not.
///
/// On a tape the gradient is written by hand: with `x̂ = x r`, `s` the scale (w or 1 + w) and `g = s ⊙ dy`,
/// `dx = r (g − x̂ · mean(g ⊙ x̂))` and `dw = Σ dy ⊙ x̂`, a third of the passes over memory that autograd makes.
public final class RmsNorm extends Layer {
  private final int dim;
  private final double eps;
  private final boolean plusOne;
  private final Parameter weight;

  /// Llama's order.
  public RmsNorm(int dim, double eps) {
    this(dim, eps, false);
  }

  /// Gemma's order, whose stored weight is the distance from 1.
  public static RmsNorm plusOne(int dim, double eps) {
    return new RmsNorm(dim, eps, true);
  }

  private RmsNorm(int dim, double eps, boolean plusOne) {
    this.dim = dim;
    this.eps = eps;
    this.plusOne = plusOne;
    this.weight = parameter("weight", new Init.Constant(plusOne ? 0 : 1), dim);
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                  // [..., C]
    GradTape tape = pass.tape();
    if (tape == null) {
      Tensor f = x.to(precise(x));
      Tensor r = f.square().mean(-1, true).add(eps).rsqrt();                 // [..., 1]
      return plusOne ? f.mul(r).mul(weight.tensor().to(precise(x)).add(1)).to(x.dtype())
          : f.mul(r).to(x.dtype()).mul(weight.tensor());
    }
    try (var _ = Grad.off()) {
      Tensor r = Ops.norm(x, -1, true).square().div(dim).add(eps).rsqrt();   // float32 [..., 1]
      Tensor y = plusOne ? x.to(precise(x)).mul(r).mulInPlace(scale(precise(x))).to(x.dtype())
          : normalize(x, r).mulInPlace(weight.tensor());
      return tape.record(y, new Tensor[] {x, weight.tensor()}, new Tensor[] {r}, dy -> backward(x, r, dy));
    }
  }

  private Tensor scale(DType type) {
    return plusOne ? weight.tensor().to(type).add(1) : weight.tensor().to(type);
  }

  private static Tensor normalize(Tensor x, Tensor r) {
    return x.dtype().isHalf() ? x.to(DType.F32).mul(r).to(x.dtype()) : x.mul(r);
  }

  /// The type of the statistics: float32, or the float64 of finite differences.
  private static DType precise(Tensor x) {
    return x.dtype() == DType.F64 ? DType.F64 : DType.F32;
  }

  private Tensor[] backward(Tensor x, Tensor r, Tensor dy) {
    Tensor w = scale(x.dtype());
    Tensor rs = r.to(x.dtype());
    Tensor xhat = x.mul(rs).reshape(-1, dim);                                // [N, C]
    Tensor t = xhat.mul(dy.reshape(-1, dim));                                // dy ⊙ x̂
    Tensor dw = t.sum(0, false);
    Tensor c = t.matmul(w.view(dim, 1)).div(dim);                            // mean(g ⊙ x̂) [N, 1]
    Tensor dx = dy.reshape(-1, dim).mul(w).addcmulInPlace(xhat, c, -1).mulInPlace(rs.reshape(-1, 1));
    return new Tensor[] {dx.view(x.shape()), dw};
  }
}
