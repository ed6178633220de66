package org.jtorch.longcontext;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.DecoderConfig;

/// A way to read texts longer than those that a model was trained on, without training (arXiv:2407.10671, section 3.2).
public enum ContextVariant {
  /// Positions go on as they are.
  NONE(false, false),
  /// Rotary frequencies stretched by YaRN (arXiv:2309.00071) with factor length / trained, its 32 and 1, and scores sharpened.
  YARN(true, false),
  /// Distances folded into the trained ones (arXiv:2402.17463), in chunks of three quarters of the trained length.
  DUAL_CHUNK(false, true),
  /// Qwen 2's.
  BOTH(true, true);

  private final boolean yarn;
  private final boolean chunks;

  ContextVariant(boolean yarn, boolean chunks) {
    this.yarn = yarn;
    this.chunks = chunks;
  }

  /// A model's shape that reads texts of some length. Up to the trained one nothing is stretched, and folding changes only what comes
  /// after the first chunk.
  ///
  /// @param trained the longest row that the model was trained on
  /// @throws IllegalArgumentException if a layer has no rotary positions, or windows that folding would have to replace
  public DecoderConfig of(DecoderConfig shape, int trained, int length) {
    double factor = (double) length / trained;
    return shape.withContext(Math.max(length, trained)).withAttention(gqa -> {
      var changed = yarn && factor > 1 ? gqa.withRope(stretched(gqa.rope(), trained, factor)) : gqa;
      return chunks ? folded(changed, trained) : changed;
    });
  }

  private static Rope stretched(@Nullable Rope rope, int trained, double factor) {
    if (rope == null) {
      throw new IllegalArgumentException("YaRN stretches rotary positions, but the model has layers without them");
    }
    return new Rope(rope.base(), new RopeScaling.Yarn(factor, trained, 32, 1, true, RopeScaling.Yarn.defaultAttentionFactor(factor)));
  }

  private static AttentionConfig.Gqa folded(AttentionConfig.Gqa gqa, int trained) {
    if (!(gqa.span() instanceof Span.Full || gqa.span() instanceof Span.DualChunk)) {
      throw new IllegalArgumentException("dual chunk attention would have to replace " + gqa.span() + " of the model's layers");
    }
    return gqa.withSpan(new Span.DualChunk(trained, Math.max(1, trained * 3 / 4)));
  }
}
