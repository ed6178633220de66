package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Qwen 2's mixture of experts (arXiv:2407.10671, section 2.2.2): Qwen 2's block with fine-grained experts beside
/// a shared one. Layer i (from 0) has experts unless `mlp_only_layers` names it or `decoder_sparse_step` does not divide
/// i + 1.
public final class Qwen2Moe implements Family {
  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 128, 4, 4, 2, 32, 1_024, new Rope(10_000, RopeScaling.NONE),
      experts(16, 4, 96, false, 384, 1e-3));
  public static final DecoderConfig QWEN2_57B_A14B = shape(151_936, 3_584, 28, 28, 4, 128, Qwen2.CONTEXT, Qwen2.ROPE,
      experts(64, 8, 2_560, false, 20_480, 1e-3));

  /// The expert layer: the numbers that people vary.
  public static Experts experts(int experts, int active, int hidden, boolean normalize, int shared, double auxCoefficient) {
    return new Experts(experts, active, hidden, Activation.SILU, normalize, shared, auxCoefficient, Names.QWEN);
  }

  /// A model with experts in every layer.
  public static DecoderConfig shape(int vocab, int dim, int layers, int heads, int kvHeads, int headDim, int context, Rope rope,
      Experts experts) {
    var block = new BlockConfig(new Gqa(heads, kvHeads, headDim, true, false, rope, Span.FULL), experts);
    return new DecoderConfig("qwen2_moe", vocab, dim, context, 1e-6, false, 0.02, Collections.nCopies(layers, block));
  }

  @Override public String modelType() {
    return "qwen2_moe";
  }

  @Override public String architecture() {
    return "Qwen2MoeForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("qwen2moe-tiny", TINY);
    map.put("qwen2-57b-a14b", QWEN2_57B_A14B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    var attention = ConfigKeys.attention(c, c.optBoolean("qkv_bias", true), false, 0, 10_000, 32_768);
    int lastWindow = c.optInt("max_window_layers", 28);
    var spans = ConfigKeys.spans(c, ConfigKeys.qwenWindow(c), i -> i % 2 == 0 && i < lastWindow);
    var blocks = new ArrayList<BlockConfig>();
    for (int i = 0; i < spans.size(); i++) {
      blocks.add(new BlockConfig(attention.withSpan(spans.get(i)), feedForward(c, i)));
    }
    return new DecoderConfig("qwen2_moe", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
        c.optInt("max_position_embeddings", 32_768), c.optDouble("rms_norm_eps", 1e-6), c.optBoolean("tie_word_embeddings", false),
        c.optDouble("initializer_range", 0.02), blocks);
  }

  private static FeedForwardConfig feedForward(JsonFile c, int layer) {
    ConfigKeys.activation(c, "hidden_act", Activation.SILU);
    int count = ConfigKeys.experts(c, "num_experts", 60);
    int step = c.optInt("decoder_sparse_step", 1);
    if (step < 1) {
      throw new DataException(c.path() + ": `decoder_sparse_step` must be >= 1 but is " + step + "; 1 puts experts into every layer");
    }
    boolean dense = Arrays.stream(c.optLongs("mlp_only_layers")).anyMatch(l -> l == layer);
    if (dense || count == 0 || (layer + 1) % step != 0) {
      return new Gated(c.requiredInt("intermediate_size"), Activation.SILU, false);
    }
    return experts(count, c.optInt("num_experts_per_tok", 4), c.requiredInt("moe_intermediate_size"),
        c.optBoolean("norm_topk_prob", false), c.requiredInt("shared_expert_intermediate_size"), c.optDouble("router_aux_loss_coef", 1e-3));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    ConfigKeys.dropUsualHeadDim(config, into);
    into.put("hidden_act", Activation.SILU.hfName());
    into.put("attention_dropout", 0.0);
    into.put("qkv_bias", config.attention().qkvBias());
    into.put("decoder_sparse_step", 1);
    var dense = into.putArray("mlp_only_layers");
    List<BlockConfig> blocks = config.blocks();
    for (int i = 0; i < blocks.size(); i++) {
      switch (blocks.get(i).feedForward()) {
        case Experts e -> writeExperts(e, into);
        case Gated g -> {
          dense.add(i);
          into.put("intermediate_size", g.hidden());
        }
        default -> throw ConfigKeys.otherFeedForward(config, blocks.get(i));
      }
    }
    ConfigKeys.writeQwenSpans(config, into);
    RopeJson.write(config.attention(), into);
  }

  private static void writeExperts(Experts e, ObjectNode into) {
    if (e.shared() < 1) {
      throw new IllegalArgumentException("a model of the family \"qwen2_moe\" cannot be written without a shared expert: transformers "
          + "always makes one; give it a width (`shared_expert_intermediate_size` >= 1)");
    }
    into.put("num_experts", e.experts());
    into.put("num_experts_per_tok", e.active());
    into.put("moe_intermediate_size", e.hidden());
    into.put("shared_expert_intermediate_size", e.shared());
    into.put("norm_topk_prob", e.normalize());
    into.put("router_aux_loss_coef", e.auxCoefficient());
    into.put("output_router_logits", false);
  }
}
