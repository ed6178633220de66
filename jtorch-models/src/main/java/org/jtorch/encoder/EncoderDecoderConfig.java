package org.jtorch.encoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.NormConfig;

/// Everything that makes an encoder-decoder, as values: an encoder, and a decoder of the same width that also attends to
/// what the encoder made. The two share one table of embeddings, which is the head, too.
///
/// @param layers layers of the decoder
/// @param self the decoder's causal attention
/// @param cross attention from the decoder to the encoder: no rotation, since the two sides have positions of their own
/// @param feedForward the decoder's, gated or plain
/// @param norm the decoder's, before every part and at its end
/// @param maxPositions the longest target sequence
public record EncoderDecoderConfig(EncoderConfig encoder, int layers, AttentionConfig.Gqa self, AttentionConfig.Gqa cross,
    FeedForwardConfig feedForward, NormConfig norm, int maxPositions) {
  public EncoderDecoderConfig {
    if (layers < 1 || maxPositions < 1) {
      throw new IllegalArgumentException("a decoder needs at least 1 layer and 1 position, but has " + layers + " layers and "
          + maxPositions + " positions");
    }
    if (self.span() instanceof Span.Bidirectional) {
      throw new IllegalArgumentException("the decoder's own attention must be causal; give it Span.FULL or a sliding window");
    }
    if (!(cross.span() instanceof Span.Bidirectional) || cross.rope() != null) {
      throw new IllegalArgumentException("cross-attention sees the whole source and rotates nothing; "
          + "give it Span.BIDIRECTIONAL and no rope");
    }
    if (feedForward instanceof FeedForwardConfig.Experts) {
      throw new IllegalArgumentException("experts are not supported in an encoder-decoder; "
          + "use a gated or plain feed-forward layer");
    }
  }

  /// A decoder like the encoder: as many heads and layers, grouped-query attention with rotary positions, RMSNorm.
  public static EncoderDecoderConfig like(EncoderConfig encoder, FeedForwardConfig feedForward, Rope rope, int maxPositions) {
    int heads = encoder.heads();
    int headDim = encoder.dim() / heads;
    return new EncoderDecoderConfig(encoder, encoder.layers(),
        new AttentionConfig.Gqa(heads, heads, headDim, false, false, rope, Span.FULL),
        new AttentionConfig.Gqa(heads, heads, headDim, false, false, null, Span.BIDIRECTIONAL),
        feedForward, new NormConfig.Rms(1e-5), maxPositions);
  }
}
