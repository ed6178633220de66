package org.jtorch.longcontext;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.DecoderConfig;

/// A length on the way to a longer context, with the rotary positions that a model has there.
///
/// @param length tokens of a row
/// @param ropeTheta base of the rotary frequencies; null: as the model has it
/// @param scaling how they are stretched; null: as the model has it
public record Rung(int length, @Nullable Double ropeTheta, @Nullable RopeScaling scaling) {
  public Rung {
    if (length < 2) {
      throw new IllegalArgumentException("`length` must be >= 2 but was " + length + "; e.g. 32768");
    }
    if (ropeTheta != null && !(ropeTheta > 1)) {
      throw new IllegalArgumentException("`rope_theta` must be > 1 but was " + ropeTheta + "; Qwen 2 goes from 10000 to 1000000");
    }
  }

  /// A length with another rotary base (arXiv:2407.10671, section 3.2; arXiv:2407.21075, section 3.2.3).
  public Rung(int length, double ropeTheta) {
    this(length, ropeTheta, null);
  }

  /// A model's shape at this length.
  ///
  /// @throws IllegalArgumentException if a layer has no rotary positions to change
  public DecoderConfig of(DecoderConfig shape) {
    var longer = shape.withContext(length);
    return ropeTheta == null && scaling == null ? longer : longer.withAttention(gqa -> gqa.withRope(turned(gqa.rope())));
  }

  private Rope turned(@Nullable Rope rope) {
    if (rope == null) {
      throw new IllegalArgumentException("has layers without rotary positions, which `rope_theta` and `scaling` could change; remove them");
    }
    return new Rope(ropeTheta == null ? rope.base() : ropeTheta, scaling == null ? rope.scaling() : scaling);
  }
}
