package org.jtorch.ffn;

/// The kinds of feed-forward layer. Each variant carries its own fields.
public sealed interface FeedForwardConfig {
  /// `down(act(gate(x)) ⊙ up(x))`: SwiGLU with SILU, GeGLU with GELU_TANH.
  record Gated(int hidden, Activation activation, boolean bias) implements FeedForwardConfig {
    public Gated {
      if (hidden < 1) {
        throw new IllegalArgumentException("`intermediate_size` must be >= 1 but was " + hidden);
      }
    }
  }
}
