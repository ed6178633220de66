package org.jtorch.decoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.MixerConfig;
import org.jtorch.ffn.FeedForwardConfig;

/// One layer of a decoder: what mixes the tokens (attention, as a rule), what feeds forward, where the norms stand. Layers of one
/// model may differ.
public record BlockConfig(MixerConfig mixer, FeedForwardConfig feedForward, Residual residual) {
  /// Norms before each part, as most decoders have them.
  public BlockConfig(MixerConfig mixer, FeedForwardConfig feedForward) {
    this(mixer, feedForward, Residual.PRE);
  }

  /// The mixer as attention, for families and formats that know no other kind.
  ///
  /// @throws IllegalStateException if it is another
  public AttentionConfig attention() {
    if (mixer instanceof AttentionConfig attention) {
      return attention;
    }
    throw new IllegalStateException("a layer mixes its tokens by " + mixer + ", but only attention is known here");
  }
}
