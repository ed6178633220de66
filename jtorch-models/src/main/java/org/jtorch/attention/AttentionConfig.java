package org.jtorch.attention;

/// The kinds of attention. Each variant carries its own fields; impossible combinations cannot be written.
public sealed interface AttentionConfig {
  /// Grouped-query attention: `heads` query heads share `kvHeads` key-value heads. Multi-head attention is
  /// `kvHeads == heads`, multi-query `kvHeads == 1`.
  ///
  /// @param qkvBias biases on q, k and v (Qwen 2)
  /// @param outputBias a bias on the output projection
  record Gqa(int heads, int kvHeads, int headDim, boolean qkvBias, boolean outputBias, Rope rope, Span span) implements AttentionConfig {
    public Gqa {
      if (heads < 1 || kvHeads < 1 || heads % kvHeads != 0) {
        throw new IllegalArgumentException("`kv_heads` (" + kvHeads + ") must divide `heads` (" + heads + ")");
      }
      if (headDim < 2 || headDim % 2 != 0) {
        throw new IllegalArgumentException("`head_dim` must be even and >= 2 for rotary positions but was " + headDim);
      }
    }
  }

  /// What a query sees of the past.
  sealed interface Span {
    Span FULL = new Full();

    /// Every earlier token and itself.
    record Full() implements Span {}

    /// The last `window` tokens, itself included.
    record Sliding(int window) implements Span {
      public Sliding {
        if (window < 1) {
          throw new IllegalArgumentException("`window` must be >= 1 but was " + window);
        }
      }
    }
  }
}
