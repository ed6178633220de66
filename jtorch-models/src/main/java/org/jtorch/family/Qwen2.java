package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.JsonFile;

/// Qwen 2, dense (arXiv:2407.10671, section 2.2.1).
///
/// Llama's block with biases on q, k and v. Beyond the trained context: YaRN (`rope_scaling`) and Dual Chunk Attention
/// (`dual_chunk_attention_config` with `chunk_size` and `original_max_position_embeddings`), both without training.
/// Checkpoints carry a `sliding_window` that counts only if `use_sliding_window` is true; then the layers from
/// `max_window_layers` on slide.
public final class Qwen2 implements Family {
  static final Rope ROPE = new Rope(1_000_000, RopeScaling.NONE);
  static final int CONTEXT = 131_072;

  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 128, 512, 4, 4, 2, 32, 1_024, new Rope(10_000, RopeScaling.NONE), true);
  public static final DecoderConfig QWEN2_0_5B = shape(151_936, 896, 4_864, 24, 14, 2, 64, CONTEXT, ROPE, true);
  public static final DecoderConfig QWEN2_1_5B = shape(151_936, 1_536, 8_960, 28, 12, 2, 128, CONTEXT, ROPE, true);
  public static final DecoderConfig QWEN2_7B = shape(152_064, 3_584, 18_944, 28, 28, 4, 128, CONTEXT, ROPE, false);
  public static final DecoderConfig QWEN2_72B = shape(152_064, 8_192, 29_568, 80, 64, 8, 128, CONTEXT, ROPE, false);

  /// A Qwen-2-shaped model: the numbers that people vary.
  public static DecoderConfig shape(int vocab, int dim, int hidden, int layers, int heads, int kvHeads, int headDim, int context,
      Rope rope, boolean tied) {
    var attention = new Gqa(heads, kvHeads, headDim, true, false, rope, Span.FULL);
    var block = new BlockConfig(attention, new Gated(hidden, Activation.SILU, false));
    return new DecoderConfig("qwen2", vocab, dim, context, 1e-6, tied, 0.02, Collections.nCopies(layers, block));
  }

  @Override public String modelType() {
    return "qwen2";
  }

  @Override public String architecture() {
    return "Qwen2ForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("qwen2-tiny", TINY);
    map.put("qwen2-0.5b", QWEN2_0_5B);
    map.put("qwen2-1.5b", QWEN2_1_5B);
    map.put("qwen2-7b", QWEN2_7B);
    map.put("qwen2-72b", QWEN2_72B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    var attention = ConfigKeys.attention(c, true, false, 0, 10_000, 32_768);
    var ffn = ConfigKeys.gated(c, "hidden_act", Activation.SILU, false);
    int firstWindow = c.optInt("max_window_layers", 28);
    var chunks = c.optObject("dual_chunk_attention_config").map(Qwen2::chunks);
    var blocks = ConfigKeys.spans(c, ConfigKeys.qwenWindow(c), i -> i >= firstWindow).stream()
        .map(span -> new BlockConfig(attention.withSpan(span.equals(Span.FULL) ? chunks.orElse(span) : span), ffn)).toList();
    return new DecoderConfig("qwen2", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
        c.optInt("max_position_embeddings", 32_768), c.optDouble("rms_norm_eps", 1e-6), c.optBoolean("tie_word_embeddings", false),
        c.optDouble("initializer_range", 0.02), blocks);
  }

  private static Span chunks(JsonFile c) {
    return new Span.DualChunk(c.requiredInt("original_max_position_embeddings"), c.requiredInt("chunk_size"));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    ConfigKeys.dropUsualHeadDim(config, into);
    into.put("hidden_act", Activation.SILU.hfName());
    into.put("intermediate_size", ConfigKeys.gated(config).hidden());
    into.put("attention_dropout", 0.0);
    ConfigKeys.writeQwenSpans(config, into);
    config.attentions().stream().map(a -> ((Gqa) a).span()).filter(Span.DualChunk.class::isInstance).findFirst()
        .map(Span.DualChunk.class::cast).ifPresent(d -> into.putObject("dual_chunk_attention_config")
            .put("chunk_size", d.chunk()).put("original_max_position_embeddings", d.trained()));
    RopeJson.write(config.attention(), into);
  }
}
