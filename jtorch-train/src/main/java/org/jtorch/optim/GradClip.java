package org.jtorch.optim;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Clipping by one norm over all gradients, as `torch.nn.utils.clip_grad_norm_`.
public final class GradClip {
  private static final long ROW = 4096;
  private static final long LARGE = 1L << 24;

  private GradClip() {}

  /// `min(1, maxNorm / (norm + 1e-6))`: what gradients of this norm are multiplied by.
  public static double coefficient(double norm, double maxNorm) {
    Require.that(maxNorm > 0, "maxNorm", maxNorm, "above 0", "1.0");
    return Math.min(1, maxNorm / (norm + 1e-6));
  }

  /// The L2 norm of all tensors together, in float32. Waits for the device.
  ///
  /// On the CPU summed in rows and then over them: one float32 sum over a hundred million squares would lose digits.
  public static double norm(List<Tensor> tensors) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var norms = new ArrayList<Tensor>();
      for (var t : tensors) {
        if (t.device().isCuda()) {
          norms.add(Ops.norm(t));                               // its kernel sums in a tree
          continue;
        }
        try (var _ = TensorScope.open()) {
          var flat = t.reshape(-1);
          var pieces = t.dtype() == DType.F32 ? new Pieces(t.numel(), LARGE) : Pieces.of(t);   // others are cast
          pieces.forEach((from, length) -> collect(flat.narrow(0, from, length), scope, norms));
        }
      }
      return norms.isEmpty() ? 0 : Ops.norm(Ops.stack(0, norms)).item();
    }
  }

  /// Clips in place.
  ///
  /// @return the norm before; if it is not finite, nothing was changed
  @CanIgnoreReturnValue
  public static double clip(List<Tensor> gradients, double maxNorm) {
    double norm = norm(gradients);
    double coefficient = coefficient(norm, maxNorm);
    if (Double.isFinite(norm) && coefficient < 1) {
      try (var _ = Grad.off()) {
        gradients.forEach(g -> g.mulInPlace(coefficient));
      }
    }
    return norm;
  }

  private static void collect(Tensor piece, TensorScope scope, List<Tensor> norms) {
    var x = piece.to(DType.F32);
    long whole = x.numel() / ROW * ROW;
    if (whole > 0) {
      norms.add(scope.adopt(Ops.norm(Ops.norm(x.narrow(0, 0, whole).view(-1, ROW), 1, false))));
    }
    if (whole < x.numel()) {
      norms.add(scope.adopt(Ops.norm(x.narrow(0, whole, x.numel() - whole))));
    }
  }
}
