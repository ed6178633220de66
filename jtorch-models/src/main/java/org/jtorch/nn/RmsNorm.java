package org.jtorch.nn;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.RmsNormPass;

/// Root-mean-square normalization over the last dimension (arXiv:1910.07467), statistics in float32. weight `[C]`
///
/// Two orders of casting. Llama and Qwen 2: `y = w ⊙ cast(x · rsqrt(mean(x²) + ε))`, w initially 1. Gemma:
/// `y = cast(x · rsqrt(mean(x²) + ε) ⊙ (1 + w))`, w initially 0. In float32, which the residual stream of a decoder always is,
/// they agree for `w_llama = 1 + w_gemma`; for activations in bf16 they do not. The weight stays float32 in a model of half
/// precision; the result is of x's type, or of the model's where x is the float32 stream.
///
/// On a tape the gradient is written by hand ([RmsNormPass]).
public final class RmsNorm extends Layer {
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
    this.eps = eps;
    this.plusOne = plusOne;
    this.weight = parameter("weight", new Init.Constant(plusOne ? 0 : 1), dim).keepPrecise();
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                  // [..., C]
    GradTape tape = pass.tape();
    DType type = x.dtype() == DType.F32 ? weight.modelType() : x.dtype();
    if (tape == null) {
      return Grad.isOn() ? RmsNormPass.plain(x, scale(x), eps, !plusOne, type).y()
          : RmsNormPass.forward(x.contiguous(), scale(x), eps, !plusOne, type).y();
    }
    Tensor rows = x.contiguous();
    try (var _ = Grad.off()) {
      var n = RmsNormPass.forward(rows.detach(), scale(x), eps, !plusOne, type);
      return tape.record(n.y(), new Tensor[] {rows}, new Tensor[] {n.r()}, dy -> backward(rows, n.r(), dy));
    }
  }

  /// w or 1 + w, float32 (float64 for the finite differences of that type).
  private Tensor scale(Tensor x) {
    Tensor w = weight.tensor().to(x.dtype() == DType.F64 ? DType.F64 : DType.F32);
    return plusOne ? w.add(1) : w;
  }

  private Tensor[] backward(Tensor x, Tensor r, Tensor dy) {
    Tensor ds = weight.tensor().requiresGrad() ? weight.gradientSum() : null;
    Tensor dx = RmsNormPass.backward(dy, x.detach(), r, scale(x).detach(), GradTape.collected(x), ds);
    return dx == null ? new Tensor[1] : new Tensor[] {dx};
  }
}
