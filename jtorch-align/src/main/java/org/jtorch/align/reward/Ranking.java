package org.jtorch.align.reward;

import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.PreferenceLevel;

/// What the annotators' preference level does to the loss of a pair.
public enum Ranking {
  /// Nothing: `−log σ(Δ)`, as Llama 3 (arXiv:2407.21783, section 4.1).
  PLAIN,
  /// The better answer should lead by 1, 2/3, 1/3 or 0: `−log σ(Δ − m)`, Llama 2's small margins (arXiv:2307.09288, eq. 2).
  SMALL_MARGIN,
  /// Likewise by 3, 2, 1 or 0: its large ones.
  LARGE_MARGIN,
  /// It is better for 95, 85, 75 or 65 of 100: `−p log σ(Δ) − (1 − p) log σ(−Δ)`, AFM's soft labels (arXiv:2407.21075).
  SOFT;

  /// By how much the better of two should lead.
  double margin(@Nullable PreferenceLevel level, double given) {
    if (this != SMALL_MARGIN && this != LARGE_MARGIN) {
      return 0;
    }
    if (!Double.isNaN(given)) {
      return given;
    }
    int steps = level == null ? 0 : PreferenceLevel.NEGLIGIBLY_BETTER.ordinal() - level.ordinal();
    return this == LARGE_MARGIN ? steps : steps / 3.0;
  }

  /// How certain it is that the better of two is better.
  double certainty(@Nullable PreferenceLevel level) {
    return this == SOFT && level != null ? level.certainty() : 1;
  }
}
