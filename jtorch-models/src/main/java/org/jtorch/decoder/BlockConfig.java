package org.jtorch.decoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.ffn.FeedForwardConfig;

/// One layer of a decoder: what attends, what feeds forward, where the norms stand. Layers of one model may differ.
public record BlockConfig(AttentionConfig attention, FeedForwardConfig feedForward, Residual residual) {
  /// Norms before each part, as most decoders have them.
  public BlockConfig(AttentionConfig attention, FeedForwardConfig feedForward) {
    this(attention, feedForward, Residual.PRE);
  }
}
