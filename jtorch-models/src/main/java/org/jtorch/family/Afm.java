package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Init;

/// Apple's foundation models (arXiv:2407.21075, section 2): Llama's block with RMSNorm over the heads of q and of k,
/// tied embeddings, weights with variance 1 / fan-in.
///
/// Apple has released no checkpoint. What has this shape in the open is Qwen 3's layout (`model_type` `qwen3`), which norms
/// q and k before the rotation; transformers reads it. AXLearn norms after the rotation, as the presets do; such a model is
/// written as `model_type` `afm`, which transformers refuses rather than computing something else. While the norms' weights
/// are constant over a head the two orders are the same; [#withNorm] chooses.
public final class Afm implements Family {
  private static final String AFTER = "afm";
  private static final Rope ROPE = new Rope(500_000, RopeScaling.NONE);

  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 192, 512, 4, 6, 2, 32, 1_024);
  /// The feed-forward width is not published; 8,036 follows from the 2.58 billion parameters outside the embedding.
  public static final DecoderConfig ON_DEVICE = shape(49_152, 3_072, 8_036, 26, 24, 8, 128, 8_192);
  /// A guess: Apple published the 8 key-value heads and the vocabulary of 100,000, and no size.
  public static final DecoderConfig SERVER_GUESS = shape(100_000, 8_192, 22_016, 64, 64, 8, 128, 8_192);

  /// An AFM-shaped model: the numbers that people vary.
  public static DecoderConfig shape(int vocab, int dim, int hidden, int layers, int heads, int kvHeads, int headDim, int context) {
    var attention = new Gqa(heads, kvHeads, headDim, false, false, ROPE, Span.FULL).withQkNorm(new QkNorm.AfterRope(1e-5));
    var block = new BlockConfig(attention, new Gated(hidden, Activation.SILU, false));
    return new DecoderConfig("qwen3", vocab, dim, context, 1e-5, true, 0.02, Collections.nCopies(layers, block)).withInit(new Init.FanIn());
  }

  /// The same model with the norm of q and k elsewhere.
  public static DecoderConfig withNorm(DecoderConfig config, QkNorm norm) {
    return config.withBlocks(config.blocks().stream()
        .map(b -> new BlockConfig(((Gqa) b.attention()).withQkNorm(norm), b.feedForward(), b.residual())).toList());
  }

  @Override public String modelType() {
    return "qwen3";
  }

  @Override public List<String> modelTypes() {
    return List.of("qwen3", AFTER);
  }

  @Override public String architecture() {
    return "Qwen3ForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("afm-tiny", TINY);
    map.put("afm-on-device", ON_DEVICE);
    map.put("afm-server-guess", SERVER_GUESS);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    double eps = c.optDouble("rms_norm_eps", 1e-6);
    var norm = c.requiredString("model_type").equals(AFTER) ? new QkNorm.AfterRope(eps) : new QkNorm.BeforeRope(eps);
    boolean bias = c.optBoolean("attention_bias", false);
    var attention = ConfigKeys.attention(c, bias, bias, 128, 10_000, 32_768).withQkNorm(norm);
    var ffn = ConfigKeys.gated(c, "hidden_act", Activation.SILU, false);
    int firstWindow = c.optInt("max_window_layers", 28);
    var blocks = ConfigKeys.spans(c, ConfigKeys.qwenWindow(c), i -> i >= firstWindow).stream()
        .map(span -> new BlockConfig(attention.withSpan(span), ffn)).toList();
    return new DecoderConfig("qwen3", c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
        c.optInt("max_position_embeddings", 32_768), eps, c.optBoolean("tie_word_embeddings", false),
        c.optDouble("initializer_range", 0.02), blocks);
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    if (config.attention().qkNorm() instanceof QkNorm.AfterRope) {
      into.put("model_type", AFTER);
      into.putArray("architectures").add("AfmForCausalLM");
    }
    into.put("hidden_act", Activation.SILU.hfName());
    into.put("intermediate_size", ConfigKeys.gated(config).hidden());
    into.put("attention_bias", config.attention().qkvBias());
    into.put("attention_dropout", 0.0);
    ConfigKeys.writeQwenSpans(config, into);
    RopeJson.write(config.attention(), into);
  }
}
