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

/// Llama 3.1 (arXiv:2407.21783, section 3.2, table 3) and everything of its shape.
///
/// Pre-norm RMSNorm, grouped queries, rotary positions with θ = 500,000 and the `llama3` scaling of the released
/// checkpoints, SwiGLU, no biases, untied head. The paper prints 128,000 tokens; the checkpoints have 128,256 rows.
public final class Llama implements Family {
  private static final Rope ROPE_31 = new Rope(500_000, new RopeScaling.Llama3(8, 1, 4, 8_192));
  private static final int VOCAB_31 = 128_256;
  private static final int CONTEXT_31 = 131_072;

  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY =
      shape(4_096, 128, 448, 4, 4, 2, 32, 1_024, new Rope(500_000, RopeScaling.NONE), 1e-5, false);
  public static final DecoderConfig LLAMA_3_1_8B =
      shape(VOCAB_31, 4_096, 14_336, 32, 32, 8, 128, CONTEXT_31, ROPE_31, 1e-5, false);
  public static final DecoderConfig LLAMA_3_1_70B =
      shape(VOCAB_31, 8_192, 28_672, 80, 64, 8, 128, CONTEXT_31, ROPE_31, 1e-5, false);
  public static final DecoderConfig LLAMA_3_1_405B =
      shape(VOCAB_31, 16_384, 53_248, 126, 128, 8, 128, CONTEXT_31, ROPE_31, 1e-5, false);

  /// A Llama-shaped model: the numbers that people vary.
  public static DecoderConfig shape(int vocab, int dim, int hidden, int layers, int heads, int kvHeads, int headDim, int context,
      Rope rope, double eps, boolean tied) {
    var attention = new Gqa(heads, kvHeads, headDim, false, false, rope, Span.FULL);
    var block = new BlockConfig(attention, new Gated(hidden, Activation.SILU, false));
    return new DecoderConfig("llama", vocab, dim, context, eps, tied, 0.02, Collections.nCopies(layers, block));
  }

  @Override public String modelType() {
    return "llama";
  }

  @Override public String architecture() {
    return "LlamaForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("llama3-tiny", TINY);
    map.put("llama3.1-8b", LLAMA_3_1_8B);
    map.put("llama3.1-70b", LLAMA_3_1_70B);
    map.put("llama3.1-405b", LLAMA_3_1_405B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    boolean bias = c.optBoolean("attention_bias", false);
    var attention = ConfigKeys.attention(c, bias, bias, 0, 10_000, 2_048);
    var ffn = ConfigKeys.gated(c, "hidden_act", Activation.SILU, c.optBoolean("mlp_bias", false));
    return new DecoderConfig("llama", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"), c.optInt("max_position_embeddings", 2_048),
        c.optDouble("rms_norm_eps", 1e-6), c.optBoolean("tie_word_embeddings", false), c.optDouble("initializer_range", 0.02),
        Collections.nCopies(ConfigKeys.layers(c), new BlockConfig(attention, ffn)));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    var attention = config.attention();
    var ffn = ConfigKeys.gated(config);
    into.put("hidden_act", ffn.activation().hfName());
    into.put("intermediate_size", ffn.hidden());
    into.put("attention_bias", attention.qkvBias());
    into.put("attention_dropout", 0.0);
    into.put("mlp_bias", ffn.bias());
    RopeJson.write(attention, into);
  }
}
