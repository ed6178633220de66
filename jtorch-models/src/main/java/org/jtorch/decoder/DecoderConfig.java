package org.jtorch.decoder;

import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.MixerConfig;
import org.jtorch.attention.RopeScaling;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.nn.Init;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;

/// Everything that makes a decoder, as values.
///
/// @param family the name in checkpoints, `llama` for example; [org.jtorch.family.Families] knows them
/// @param dim width of the residual stream, C
/// @param maxPositions the longest sequence
/// @param norm the kind of every norm beside the residual stream
/// @param tied the head shares the embedding's matrix
/// @param init how fresh weights begin
/// @param embeddingScale what embeddings are multiplied by (Gemma's √C); 1 for nothing
/// @param logitCap on the logits; [SoftCap#NONE] for none
public record DecoderConfig(String family, int vocab, int dim, int maxPositions, NormConfig norm, boolean tied, Init init,
    double embeddingScale, SoftCap logitCap, List<BlockConfig> blocks) {
  public DecoderConfig {
    atLeastOne("vocab_size", vocab);
    atLeastOne("hidden_size", dim);
    atLeastOne("max_position_embeddings", maxPositions);
    atLeastOne("num_hidden_layers", blocks.size());
    blocks = List.copyOf(blocks);
  }

  /// The usual kind: Llama's norm, normal weights, no scale and no cap.
  public DecoderConfig(String family, int vocab, int dim, int maxPositions, double normEps, boolean tied, double initStd,
      List<BlockConfig> blocks) {
    this(family, vocab, dim, maxPositions, new NormConfig.Rms(normEps), tied, new Init.Normal(initStd), 1, SoftCap.NONE, blocks);
  }

  private static void atLeastOne(String key, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }

  public int layers() {
    return blocks.size();
  }

  public List<MixerConfig> mixers() {
    return blocks.stream().map(BlockConfig::mixer).toList();
  }

  /// The mixers of a model whose layers all have attention.
  public List<AttentionConfig> attentions() {
    return blocks.stream().map(BlockConfig::attention).toList();
  }

  /// The first attention there is: head counts for reports and for writing `config.json`.
  public AttentionConfig.Gqa attention() {
    var first = blocks.stream().filter(b -> b.mixer() instanceof AttentionConfig).findFirst().orElse(blocks.getFirst());
    return switch (first.attention()) {
      case AttentionConfig.Gqa g -> g;
    };
  }

  /// Dynamic rotary scaling stretches with the sequence: such a model has no longest one.
  public boolean growsWithLength() {
    return mixers().stream().anyMatch(m -> m instanceof AttentionConfig.Gqa g && g.rope() != null
        && g.rope().scaling() instanceof RopeScaling.Dynamic);
  }

  public DecoderConfig withFamily(String name) {
    return new DecoderConfig(name, vocab, dim, maxPositions, norm, tied, init, embeddingScale, logitCap, blocks);
  }

  public DecoderConfig withLayers(int layers) {
    return withBlocks(Collections.nCopies(layers, blocks.getFirst()));
  }

  public DecoderConfig withBlocks(List<BlockConfig> list) {
    return new DecoderConfig(family, vocab, dim, maxPositions, norm, tied, init, embeddingScale, logitCap, list);
  }

  /// The same with another attention in every layer: other rotary positions, another span.
  ///
  /// @throws IllegalArgumentException if a layer mixes its tokens by something else
  public DecoderConfig withAttention(UnaryOperator<AttentionConfig.Gqa> change) {
    return withBlocks(blocks.stream().map(block -> {
      if (block.mixer() instanceof AttentionConfig.Gqa gqa) {
        return new BlockConfig(change.apply(gqa), block.feedForward(), block.residual());
      }
      throw new IllegalArgumentException("a layer mixes its tokens by " + block.mixer() + ", but only attention has positions to change");
    }).toList());
  }

  public DecoderConfig withVocab(int size) {
    return new DecoderConfig(family, size, dim, maxPositions, norm, tied, init, embeddingScale, logitCap, blocks);
  }

  public DecoderConfig withContext(int positions) {
    return new DecoderConfig(family, vocab, dim, positions, norm, tied, init, embeddingScale, logitCap, blocks);
  }

  public DecoderConfig withTied(boolean shared) {
    return new DecoderConfig(family, vocab, dim, maxPositions, norm, shared, init, embeddingScale, logitCap, blocks);
  }

  public DecoderConfig withInit(Init i) {
    return new DecoderConfig(family, vocab, dim, maxPositions, norm, tied, i, embeddingScale, logitCap, blocks);
  }

  public DecoderConfig withEmbeddingScale(double scale) {
    return new DecoderConfig(family, vocab, dim, maxPositions, norm, tied, init, scale, logitCap, blocks);
  }

  public DecoderConfig withLogitCap(SoftCap cap) {
    return new DecoderConfig(family, vocab, dim, maxPositions, norm, tied, init, embeddingScale, cap, blocks);
  }

  public DecoderConfig withNorm(NormConfig n) {
    return new DecoderConfig(family, vocab, dim, maxPositions, n, tied, init, embeddingScale, logitCap, blocks);
  }

  /// How many parameters a model of this shape has, without allocating any.
  public long parameterCount() {
    try (var model = new Decoder(this)) {
      return model.parameterCount();
    }
  }

  /// How many parameters a token goes through: all but the experts that its router leaves out.
  public long activeParameterCount() {
    long idle = 0;
    for (var block : blocks) {
      if (block.feedForward() instanceof FeedForwardConfig.Experts e) {
        idle += 3L * dim * e.hidden() * (e.experts() - e.active());
      }
    }
    return parameterCount() - idle;
  }

  /// What the balancing loss of its experts is multiplied by in training; 0 without experts.
  public double auxCoefficient() {
    return blocks.stream().mapToDouble(b -> b.feedForward() instanceof FeedForwardConfig.Experts e ? e.auxCoefficient() : 0).max()
        .orElse(0);
  }

  /// How many parameters are neither embedding nor head.
  public long nonEmbeddingCount() {
    return parameterCount() - (long) vocab * dim * (tied ? 1 : 2);
  }
}
