package org.jtorch.longcontext;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// When a length is learnt: short contexts do as well as before, and every needle up to the length is found (arXiv:2407.21783, section
/// 3.4.2).
///
/// @param chunk tokens of training before each judgement
/// @param budget tokens of training at a length, at most
/// @param tolerance by which the short-context figure may be worse than before; null: one standard error of it
/// @param failed what becomes of a length whose budget is used up
public record Gate(long chunk, long budget, @Nullable Double tolerance, Failed failed) {
  /// What becomes of a length that is not learnt within its budget.
  public enum Failed {
    /// Weights and optimizer go back to the last length that was; the extension ends there.
    ROLL_BACK,
    /// The extension ends without a model.
    STOP
  }

  public Gate {
    if (chunk < 1) {
      throw new IllegalArgumentException("`chunk` must be >= 1 token but was " + chunk + "; 100 steps' worth is usual");
    }
    if (budget < chunk || budget % chunk != 0) {
      throw new IllegalArgumentException("`budget` must be a multiple of `chunk` (" + chunk + " tokens) but was " + budget + "; e.g. "
          + Math.max(chunk, budget / chunk * chunk));
    }
    if (tolerance != null && !(tolerance >= 0)) {
      throw new IllegalArgumentException("`tolerance` must be >= 0 but was " + tolerance + "; leave it out for one standard error");
    }
  }

  /// By how much a figure may be worse than `before`.
  public double tolerance(ShortContext.Score before) {
    if (tolerance != null) {
      return tolerance;
    }
    return Double.isNaN(before.standardError()) ? 0 : before.standardError();
  }

  /// What is true of the model after a chunk.
  ///
  /// @param tokens of training at this length so far
  Decision judge(Rung rung, long tokens, ShortContext.Score before, ShortContext.Score now, LongContext.Found needles) {
    boolean recovered = before.allows(now.value(), tolerance(before));
    String why = String.format(Locale.ROOT, "short context %.4f, %s %.4f (%.4f before); needles %d of %d", now.value(),
        recovered ? "as good as" : "worse than", before.worst(tolerance(before)), before.value(), needles.found(), needles.asked());
    return new Decision(rung.length(), tokens, now.value(), needles, recovered && needles.perfect(), why);
  }
}
