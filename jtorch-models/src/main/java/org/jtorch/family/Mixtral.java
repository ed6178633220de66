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
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.io.JsonFile;

/// Mixtral (arXiv:2401.04088): Mistral's block with two of eight wide experts a token, their probabilities always
/// normalized, and no shared expert.
public final class Mixtral implements Family {
  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 128, 4, 4, 2, 32, 1_024, new Span.Sliding(64), experts(4, 2, 224, 0.02));
  public static final DecoderConfig MIXTRAL_8X7B =
      shape(32_000, 4_096, 32, 32, 8, 128, 32_768, Span.FULL, experts(8, 2, 14_336, 0.02));

  /// The expert layer: the numbers that people vary.
  public static Experts experts(int experts, int active, int hidden, double auxCoefficient) {
    return new Experts(experts, active, hidden, Activation.SILU, true, 0, auxCoefficient, Names.MIXTRAL);
  }

  /// A Mixtral-shaped model.
  public static DecoderConfig shape(int vocab, int dim, int layers, int heads, int kvHeads, int headDim, int context, Span span,
      Experts experts) {
    var attention = new Gqa(heads, kvHeads, headDim, false, false, new Rope(1_000_000, RopeScaling.NONE), span);
    return new DecoderConfig("mixtral", vocab, dim, context, 1e-5, false, 0.02,
        Collections.nCopies(layers, new BlockConfig(attention, experts)));
  }

  @Override public String modelType() {
    return "mixtral";
  }

  @Override public String architecture() {
    return "MixtralForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("mixtral-tiny", TINY);
    map.put("mixtral-8x7b", MIXTRAL_8X7B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    ConfigKeys.activation(c, "hidden_act", Activation.SILU);
    var attention = ConfigKeys.attention(c, false, false, 0, 1_000_000, 131_072).withSpan(ConfigKeys.window(c, 0));
    var experts = experts(ConfigKeys.experts(c, "num_local_experts", 8), c.optInt("num_experts_per_tok", 2), c.requiredInt("intermediate_size"),
        c.optDouble("router_aux_loss_coef", 0.001));
    return new DecoderConfig("mixtral", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
        c.optInt("max_position_embeddings", 131_072), c.optDouble("rms_norm_eps", 1e-5), c.optBoolean("tie_word_embeddings", false),
        c.optDouble("initializer_range", 0.02),
        Collections.nCopies(ConfigKeys.layers(c), new BlockConfig(attention, experts)));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    if (!(config.blocks().getFirst().feedForward() instanceof Experts e)) {
      throw ConfigKeys.otherFeedForward(config, config.blocks().getFirst());
    }
    into.put("hidden_act", Activation.SILU.hfName());
    into.put("intermediate_size", e.hidden());
    into.put("num_local_experts", e.experts());
    into.put("num_experts_per_tok", e.active());
    into.put("router_aux_loss_coef", e.auxCoefficient());
    into.put("output_router_logits", false);
    into.put("attention_dropout", 0.0);
    ConfigKeys.writeWindow(config, into);
    RopeJson.write(config.attention(), into);
  }
}
