package org.jtorch.head;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The loss of a reward model on pairs: `−log σ(r_chosen − r_rejected − margin)`, the mean over pairs,
/// plus `centering · mean((r_chosen + r_rejected)²)`. Ouyang et al. 2022, arXiv:2203.02155, eq. 1; the margin is that of Llama 2,
/// arXiv:2307.09288, eq. 2.
///
/// @param centering pulls rewards towards 0; 0 for none
public record BradleyTerry(double centering) {
  public BradleyTerry {
    if (!(centering >= 0)) {
      throw new IllegalArgumentException("centering must be >= 0 but was " + centering + "; 0 for none, 0.01 is usual");
    }
  }

  /// Without centering.
  public BradleyTerry() {
    this(0);
  }

  /// The mean loss, a float32 scalar.
  ///
  /// @param scores of all chosen rows, then of all rejected ones, `[2n]` or `[2n, 1]`
  /// @param margins by how much the chosen one should lead, `[n]`; null for 0
  public Tensor loss(Tensor scores, @Nullable Tensor margins) {
    return centered(losses(scores, margins).mean(), scores);
  }

  /// The loss of each pair, without centering. `[n]`
  public static Tensor losses(Tensor scores, @Nullable Tensor margins) {
    Tensor lead = lead(scores);
    if (margins != null) {
      requirePairs(margins, lead.size(0), "margins");
      lead = lead.sub(margins.to(DType.F32).reshape(-1));
    }
    return Ops.logSigmoid(lead).neg();
  }

  /// The mean loss where it is not certain that the chosen row is better (AFM): `−p log σ(Δ) − (1 − p) log σ(−Δ)`.
  ///
  /// @param certainty p, `[n]`
  public Tensor softLoss(Tensor scores, Tensor certainty) {
    return centered(softLosses(scores, certainty).mean(), scores);
  }

  /// The soft loss of each pair, without centering. `[n]`
  public static Tensor softLosses(Tensor scores, Tensor certainty) {
    Tensor lead = lead(scores);
    requirePairs(certainty, lead.size(0), "certainties");
    Tensor p = certainty.to(DType.F32).reshape(-1);
    return p.mul(Ops.logSigmoid(lead)).add(p.neg().add(1).mul(Ops.logSigmoid(lead.neg()))).neg();
  }

  /// By how much each chosen row leads. `[n]`
  public static Tensor lead(Tensor scores) {
    Tensor flat = scores.to(DType.F32).reshape(-1);
    long n = pairs(scores);
    return flat.narrow(0, 0, n).sub(flat.narrow(0, n, n));
  }

  private Tensor centered(Tensor loss, Tensor scores) {
    if (centering == 0) {
      return loss;
    }
    Tensor flat = scores.to(DType.F32).reshape(-1);
    long n = pairs(scores);
    return loss.add(flat.narrow(0, 0, n).add(flat.narrow(0, n, n)).square().mean().mul(centering));
  }

  private static long pairs(Tensor scores) {
    long rows = scores.numel();
    if (rows == 0 || rows % 2 != 0 || scores.size(0) != rows) {
      throw new IllegalArgumentException("pairs need one score a row, all chosen rows and then as many rejected ones, "
          + "but the scores are " + Arrays.toString(scores.shape()));
    }
    return rows / 2;
  }

  private static void requirePairs(Tensor values, long pairs, String what) {
    if (values.numel() != pairs) {
      throw new IllegalArgumentException(pairs + " pairs need " + pairs + " " + what + ", but " + values.numel() + " were given");
    }
  }
}
