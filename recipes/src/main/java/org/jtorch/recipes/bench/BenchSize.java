package org.jtorch.recipes.bench;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.recipes.config.Suggest;

/// The shapes that are measured, named and sized as in the peers' scripts: Llama, tied, head size = dim / heads. One has
/// experts, of which a token goes through as many parameters as in the dense shape.
///
/// @param experts how many a layer has, four of them active and `hidden / 4` wide; 0 for a dense layer
public record BenchSize(int dim, int hidden, int layers, int heads, int kvHeads, int vocab, int experts) {
  private static final SequencedMap<String, BenchSize> ALL = new LinkedHashMap<>();

  static {
    ALL.put("tiny", new BenchSize(256, 704, 4, 4, 2, 8_192));
    ALL.put("small", new BenchSize(512, 1_408, 8, 8, 4, 32_000));
    ALL.put("small-moe", new BenchSize(512, 1_408, 8, 8, 4, 32_000, 16));
    ALL.put("medium", new BenchSize(768, 2_048, 12, 12, 4, 32_000));
    ALL.put("bigvocab", new BenchSize(512, 1_408, 8, 8, 4, 151_936));
    ALL.put("qwen2-0.5b", new BenchSize(896, 4_864, 24, 14, 2, 151_936));
    ALL.put("1b", new BenchSize(2_048, 8_192, 16, 32, 8, 128_256));
  }

  private BenchSize(int dim, int hidden, int layers, int heads, int kvHeads, int vocab) {
    this(dim, hidden, layers, heads, kvHeads, vocab, 0);
  }

  public static BenchSize named(String name) {
    var size = ALL.get(name);
    if (size == null) {
      throw new IllegalArgumentException("--size " + name + " is not known" + Suggest.hint(name, ALL.keySet()) + "; sizes: "
          + String.join(", ", ALL.keySet()));
    }
    return size;
  }

  public DecoderConfig shape() {
    var dense = Llama.shape(vocab, dim, hidden, layers, heads, kvHeads, dim / heads, 8_192, new Rope(10_000, RopeScaling.NONE), 1e-6, true);
    if (experts == 0) {
      return dense;
    }
    var each = new Experts(experts, 4, hidden / 4, Activation.SILU, true, 0, 0.01, Names.QWEN);
    return dense.withBlocks(dense.blocks().stream().map(b -> new BlockConfig(b.attention(), each)).toList());
  }
}
