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
  private GradClip() {}

  /// `min(1, maxNorm / (norm + 1e-6))`: what gradients of this norm are multiplied by.
  public static double coefficient(double norm, double maxNorm) {
    Require.that(maxNorm > 0, "maxNorm", maxNorm, "above 0", "1.0");
    return Math.min(1, maxNorm / (norm + 1e-6));
  }

  /// The L2 norm of all tensors together, in float32. Waits for the device.
  ///
  /// Summed in pieces: a float32 sum over a hundred million squares would lose digits.
  public static double norm(List<Tensor> tensors) {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var norms = new ArrayList<Tensor>();
      for (var t : tensors) {
        try (var inner = TensorScope.open()) {
          var flat = t.reshape(-1);
          Pieces.of(t).forEach((from, length) -> norms.add(scope.adopt(norm(flat.narrow(0, from, length)))));
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

  private static Tensor norm(Tensor piece) {
    return Ops.norm(piece.dtype() == DType.F64 ? piece.to(DType.F32) : piece);
  }
}
