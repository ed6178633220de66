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

/// Mistral 7B (arXiv:2310.06825): Llama's block with one sliding window for all layers, or none.
public final class Mistral implements Family {
  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 128, 448, 4, 4, 2, 32, 1_024, new Span.Sliding(64));
  public static final DecoderConfig MISTRAL_7B = shape(32_000, 4_096, 14_336, 32, 32, 8, 128, 32_768, new Span.Sliding(4_096));

  /// A Mistral-shaped model: the numbers that people vary.
  public static DecoderConfig shape(int vocab, int dim, int hidden, int layers, int heads, int kvHeads, int headDim, int context, Span span) {
    var attention = new Gqa(heads, kvHeads, headDim, false, false, new Rope(10_000, RopeScaling.NONE), span);
    var block = new BlockConfig(attention, new Gated(hidden, Activation.SILU, false));
    return new DecoderConfig("mistral", vocab, dim, context, 1e-5, false, 0.02, Collections.nCopies(layers, block));
  }

  @Override public String modelType() {
    return "mistral";
  }

  @Override public String architecture() {
    return "MistralForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("mistral-tiny", TINY);
    map.put("mistral-7b", MISTRAL_7B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    var attention = ConfigKeys.attention(c, false, false, 0, 10_000, 131_072).withSpan(ConfigKeys.window(c, 4_096));
    var block = new BlockConfig(attention, ConfigKeys.gated(c, "hidden_act", Activation.SILU, false));
    return new DecoderConfig("mistral", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
        c.optInt("max_position_embeddings", 131_072), c.optDouble("rms_norm_eps", 1e-6), c.optBoolean("tie_word_embeddings", false),
        c.optDouble("initializer_range", 0.02), Collections.nCopies(ConfigKeys.layers(c), block));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    into.put("hidden_act", Activation.SILU.hfName());
    into.put("intermediate_size", ConfigKeys.gated(config).hidden());
    into.put("attention_dropout", 0.0);
    ConfigKeys.writeWindow(config, into);
    RopeJson.write(config.attention(), into);
  }
}
