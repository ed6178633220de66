package org.jtorch.distill;

import org.jtorch.loss.SparseTargets.Reduction;

/// How a teacher is captured.
///
/// @param reduction the most probable tokens, or draws
/// @param k tokens kept of each position
/// @param batch rows that the teacher reads at once
/// @param seed of the draws
public record CaptureSettings(Reduction reduction, int k, int batch, long seed) {
  public CaptureSettings {
    if (k < 1) {
      throw new IllegalArgumentException("`k` must be >= 1 but was " + k + "; 64 is usual");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 4 is usual");
    }
  }

  /// The k most probable tokens.
  public static CaptureSettings top(int k, int batch) {
    return new CaptureSettings(Reduction.TOP, k, batch, 0);
  }
}
