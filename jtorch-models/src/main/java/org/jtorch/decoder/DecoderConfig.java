package org.jtorch.decoder;

import java.util.Collections;
import java.util.List;
import org.jtorch.attention.AttentionConfig;

/// Everything that makes a decoder, as values.
///
/// @param family the name in checkpoints, `llama` for example; [org.jtorch.family.Families] knows them
/// @param dim width of the residual stream, C
/// @param maxPositions the longest sequence
/// @param normEps ε of the norms
/// @param tied the head shares the embedding's matrix
/// @param initStd standard deviation of fresh weights
public record DecoderConfig(String family, int vocab, int dim, int maxPositions, double normEps, boolean tied, double initStd,
    List<BlockConfig> blocks) {
  public DecoderConfig {
    atLeastOne("vocab_size", vocab);
    atLeastOne("hidden_size", dim);
    atLeastOne("max_position_embeddings", maxPositions);
    atLeastOne("num_hidden_layers", blocks.size());
    if (!(normEps > 0)) {
      throw new IllegalArgumentException("`rms_norm_eps` must be > 0 but was " + normEps + "; 1e-5 is usual");
    }
    blocks = List.copyOf(blocks);
  }

  private static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }

  public int layers() {
    return blocks.size();
  }

  public List<AttentionConfig> attentions() {
    return blocks.stream().map(BlockConfig::attention).toList();
  }

  /// The first layer's attention: head counts for reports and for writing `config.json`.
  public AttentionConfig.Gqa attention() {
    return switch (blocks.getFirst().attention()) {
      case AttentionConfig.Gqa g -> g;
    };
  }

  public DecoderConfig withLayers(int layers) {
    return new DecoderConfig(family, vocab, dim, maxPositions, normEps, tied, initStd, Collections.nCopies(layers, blocks.getFirst()));
  }

  public DecoderConfig withVocab(int size) {
    return new DecoderConfig(family, size, dim, maxPositions, normEps, tied, initStd, blocks);
  }

  public DecoderConfig withContext(int positions) {
    return new DecoderConfig(family, vocab, dim, positions, normEps, tied, initStd, blocks);
  }

  /// How many parameters a model of this shape has, without allocating any.
  public long parameterCount() {
    try (var model = new Decoder(this)) {
      return model.parameterCount();
    }
  }
}
