package org.jtorch.attention;

import org.jspecify.annotations.Nullable;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.kernel.RotaryPass;

/// The kinds of attention. Each variant carries its own fields; impossible combinations cannot be written.
public sealed interface AttentionConfig extends MixerConfig {
  @Override default String layerName() {
    return "self_attn";
  }

  /// Grouped-query attention: `heads` query heads share `kvHeads` key-value heads. Multi-head attention is
  /// `kvHeads == heads`, multi-query `kvHeads == 1`.
  ///
  /// @param qkvBias biases on q, k and v (Qwen 2)
  /// @param outputBias a bias on the output projection
  /// @param rope rotary positions; null for none (encoders with learned positions)
  /// @param scale what `q·k` is multiplied by; `1/√headDim` except for Gemma 2's `query_pre_attn_scalar`
  /// @param cap on the scaled scores, before the mask
  record Gqa(int heads, int kvHeads, int headDim, boolean qkvBias, boolean outputBias, @Nullable Rope rope, Span span,
      QkNorm qkNorm, double scale, SoftCap cap) implements AttentionConfig {
    public Gqa {
      if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
        throw new IllegalArgumentException("`num_key_value_heads` (" + kvHeads + ") must divide `num_attention_heads` (" + heads + ")");
      }
      if (headDim < 2 || headDim % 2 != 0) {
        throw new IllegalArgumentException("`head_dim` must be even and >= 2 for rotary positions but was " + headDim);
      }
      if (!(scale > 0)) {
        throw new IllegalArgumentException("the scale of the scores must be > 0 but was " + scale + "; 1/sqrt(head_dim) is usual");
      }
      if (span instanceof Span.DualChunk && rope == null) {
        throw new IllegalArgumentException("dual chunk attention folds rotary positions, but there are none");
      }
      if (span instanceof Span.DualChunk && qkNorm instanceof QkNorm.AfterRope) {
        throw new IllegalArgumentException("dual chunk attention rotates after the norm of q and k; give the norm before the rotation, "
            + "or another span");
      }
      if (rope != null && rope.scaling() instanceof RopeScaling.Dynamic) {
        RopeScaling.Dynamic.requireWidth(headDim);
      }
    }

    /// The usual kind: the scale `1/√headDim`, no norm of q and k, no cap.
    public Gqa(int heads, int kvHeads, int headDim, boolean qkvBias, boolean outputBias, @Nullable Rope rope, Span span) {
      this(heads, kvHeads, headDim, qkvBias, outputBias, rope, span, QkNorm.NONE, 1 / Math.sqrt(headDim), SoftCap.NONE);
    }

    public Gqa withSpan(Span s) {
      return new Gqa(heads, kvHeads, headDim, qkvBias, outputBias, rope, s, qkNorm, scale, cap);
    }

    public Gqa withRope(@Nullable Rope r) {
      return new Gqa(heads, kvHeads, headDim, qkvBias, outputBias, r, span, qkNorm, scale, cap);
    }

    public Gqa withQkNorm(QkNorm n) {
      return new Gqa(heads, kvHeads, headDim, qkvBias, outputBias, rope, span, n, scale, cap);
    }

    public Gqa withScale(double s) {
      return new Gqa(heads, kvHeads, headDim, qkvBias, outputBias, rope, span, qkNorm, s, cap);
    }

    public Gqa withCap(SoftCap c) {
      return new Gqa(heads, kvHeads, headDim, qkvBias, outputBias, rope, span, qkNorm, scale, c);
    }

    /// How q, k and v lie side by side.
    RotaryPass.Heads headLayout() {
      return new RotaryPass.Heads(kvHeads, heads / kvHeads, headDim, scale);
    }
  }

  /// RMSNorm over every head of q and of k, with a weight `[D]` each that the heads share (arXiv:2407.21075).
  sealed interface QkNorm {
    QkNorm NONE = new None();

    record None() implements QkNorm {}

    /// Before the rotation: Qwen 3, and checkpoints in its layout.
    record BeforeRope(double eps) implements QkNorm {}

    /// After the rotation: AFM as AXLearn computes it.
    record AfterRope(double eps) implements QkNorm {}
  }

  /// What a query sees.
  sealed interface Span {
    Span FULL = new Full();
    Span BIDIRECTIONAL = new Bidirectional();

    /// Every earlier token and itself.
    record Full() implements Span {}

    /// The last `window` tokens, itself included.
    record Sliding(int window) implements Span {
      public Sliding {
        if (window < 1) {
          throw new IllegalArgumentException("`sliding_window` must be >= 1 but was " + window);
        }
      }
    }

    /// Every token of the row: encoders.
    record Bidirectional() implements Span {}

    /// Every earlier token, at rotary distances folded into `[0, trained)` (Dual Chunk Attention, arXiv:2402.17463).
    ///
    /// @param trained the context of pretraining, c
    /// @param chunk the chunk size, s; distances within `c − s` of a chunk's border are exact
    record DualChunk(int trained, int chunk) implements Span {
      public DualChunk {
        if (chunk < 1 || chunk >= trained) {
          throw new IllegalArgumentException("`chunk_size` must be >= 1 and below the trained context (" + trained + ") but was "
              + chunk + "; three quarters of it is usual");
        }
      }
    }
  }
}
