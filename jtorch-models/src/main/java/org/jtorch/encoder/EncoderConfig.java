package org.jtorch.encoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Init;

/// Everything that makes an encoder, as values.
///
/// @param family the name in checkpoints, `roberta` for example; [Roberta] reads and writes it
/// @param dim width of the residual stream, C
/// @param hidden width inside the feed-forward layers
/// @param positions rows of the position table; RoBERTa's first `padToken + 1` rows belong to no real token
/// @param types rows of the token-type table; RoBERTa has one
/// @param padToken the padding token, whose id is also the position of padding
/// @param initStd standard deviation of fresh weights
public record EncoderConfig(String family, int vocab, int dim, int layers, int heads, int hidden, int positions, int types,
    int padToken, Activation activation, double normEps, double initStd) {
  public EncoderConfig {
    atLeastOne("vocab_size", vocab);
    atLeastOne("hidden_size", dim);
    atLeastOne("num_hidden_layers", layers);
    atLeastOne("num_attention_heads", heads);
    atLeastOne("intermediate_size", hidden);
    atLeastOne("type_vocab_size", types);
    if (dim % heads != 0) {
      throw new IllegalArgumentException("`num_attention_heads` (" + heads + ") must divide `hidden_size` (" + dim + ")");
    }
    if (padToken < 0 || padToken >= vocab) {
      throw new IllegalArgumentException("`pad_token_id` must be a token of the vocabulary (0 to " + (vocab - 1) + ") but was "
          + padToken);
    }
    if (positions <= padToken + 1) {
      throw new IllegalArgumentException("`max_position_embeddings` (" + positions + ") must be above `pad_token_id` + 1 ("
          + (padToken + 1) + "), where the positions of real tokens begin; 514 is usual");
    }
    if (!(normEps > 0)) {
      throw new IllegalArgumentException("`layer_norm_eps` must be > 0 but was " + normEps + "; 1e-5 is usual");
    }
  }

  private static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }

  /// The longest sequence: the rows of the position table that real tokens can have.
  public int maxPositions() {
    return positions - padToken - 1;
  }

  public EncoderConfig withVocab(int size) {
    return new EncoderConfig(family, size, dim, layers, heads, hidden, positions, types, padToken, activation, normEps, initStd);
  }

  public EncoderConfig withLayers(int n) {
    return new EncoderConfig(family, vocab, dim, n, heads, hidden, positions, types, padToken, activation, normEps, initStd);
  }

  public EncoderConfig withPositions(int rows) {
    return new EncoderConfig(family, vocab, dim, layers, heads, hidden, rows, types, padToken, activation, normEps, initStd);
  }

  /// How many parameters an encoder of this shape has, without a head and without allocating any.
  public long parameterCount() {
    try (var model = new Encoder(this)) {
      return model.parameterCount();
    }
  }

  Init init() {
    return new Init.Normal(initStd);
  }

  /// Every token sees every real token; positions are learned, so nothing is rotated.
  AttentionConfig.Gqa attention() {
    return new AttentionConfig.Gqa(heads, heads, dim / heads, true, true, null, AttentionConfig.Span.BIDIRECTIONAL);
  }

  FeedForwardConfig.Plain feedForward() {
    return new FeedForwardConfig.Plain(hidden, activation);
  }
}
