package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.decoder.Residual;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Init;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.SoftCap;

/// Gemma 2 (arXiv:2408.00118, section 2, table 1).
///
/// Four norms a layer with weight (1 + w), GeGLU, embeddings times √C, soft caps on scores and logits, scores scaled by
/// `query_pre_attn_scalar^(−1/2)`, every other layer (from the first) with a sliding window. The presets have the report's
/// 256,128 embedding rows, which its parameter counts include; released checkpoints have 256,000.
public final class Gemma2 implements Family {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final int VOCAB = 256_128;
  private static final int CONTEXT = 8_192;
  private static final int WINDOW = 4_096;

  /// Runs in seconds on two cores.
  public static final DecoderConfig TINY = shape(4_096, 128, 512, 6, 4, 2, 32, 32, 256, 64);
  public static final DecoderConfig GEMMA_2_2B = shape(VOCAB, 2_304, 9_216, 26, 8, 4, 256, 256, CONTEXT, WINDOW);
  public static final DecoderConfig GEMMA_2_9B = shape(VOCAB, 3_584, 14_336, 42, 16, 8, 256, 256, CONTEXT, WINDOW);
  public static final DecoderConfig GEMMA_2_27B = shape(VOCAB, 4_608, 36_864, 46, 32, 16, 128, 144, CONTEXT, WINDOW);

  /// A Gemma-2-shaped model: the numbers that people vary.
  ///
  /// @param queryScalar scores are multiplied by its inverse root
  public static DecoderConfig shape(int vocab, int dim, int hidden, int layers, int heads, int kvHeads, int headDim, double queryScalar,
      int context, int window) {
    var attention = new Gqa(heads, kvHeads, headDim, false, false, ROPE, Span.FULL).withScale(1 / Math.sqrt(queryScalar))
        .withCap(new SoftCap(50));
    var ffn = new Gated(hidden, Activation.GELU_TANH, false);
    var blocks = new ArrayList<BlockConfig>();
    for (int i = 0; i < layers; i++) {
      blocks.add(new BlockConfig(attention.withSpan(i % 2 == 0 ? new Span.Sliding(window) : Span.FULL), ffn, Residual.SANDWICH));
    }
    return new DecoderConfig("gemma2", vocab, dim, context, new NormConfig.RmsPlusOne(1e-6), true, new Init.Normal(0.02),
        Math.sqrt(dim), new SoftCap(30), blocks);
  }

  @Override public String modelType() {
    return "gemma2";
  }

  @Override public String architecture() {
    return "Gemma2ForCausalLM";
  }

  @Override public SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    map.put("gemma2-tiny", TINY);
    map.put("gemma2-2b", GEMMA_2_2B);
    map.put("gemma2-9b", GEMMA_2_9B);
    map.put("gemma2-27b", GEMMA_2_27B);
    return map;
  }

  @Override public DecoderConfig read(JsonFile c) {
    if (c.optBoolean("use_bidirectional_attention", false)) {
      throw new DataException(c.path() + ": `use_bidirectional_attention` is true; Gemma 2 decoders are causal, set it to false");
    }
    boolean bias = c.optBoolean("attention_bias", false);
    var attention = ConfigKeys.attention(c, bias, bias, 256, 10_000, CONTEXT).withCap(cap(c, "attn_logit_softcapping", 50))
        .withScale(1 / Math.sqrt(c.optDouble("query_pre_attn_scalar", 256)));
    var ffn = ConfigKeys.gated(c, "hidden_activation", Activation.GELU_TANH, false);
    Integer window = c.node().has("sliding_window") && !c.has("sliding_window") ? null : Integer.valueOf(c.optInt("sliding_window", WINDOW));
    var blocks = ConfigKeys.spans(c, window, i -> i % 2 == 0).stream()
        .map(span -> new BlockConfig(attention.withSpan(span), ffn, Residual.SANDWICH)).toList();
    int dim = c.requiredInt("hidden_size");
    return new DecoderConfig("gemma2", c.requiredInt("vocab_size"), dim, c.optInt("max_position_embeddings", CONTEXT),
        new NormConfig.RmsPlusOne(c.optDouble("rms_norm_eps", 1e-6)), c.optBoolean("tie_word_embeddings", true),
        new Init.Normal(c.optDouble("initializer_range", 0.02)), Math.sqrt(dim), cap(c, "final_logit_softcapping", 30), blocks);
  }

  /// A key that is null means no cap; one that is missing means the family's.
  private static SoftCap cap(JsonFile c, String key, double usual) {
    boolean none = c.node().has(key) && !c.has(key);
    return none ? SoftCap.NONE : new SoftCap(c.optDouble(key, usual));
  }

  @Override public void write(DecoderConfig config, ObjectNode into) {
    var attention = config.attention();
    into.put("hidden_activation", Activation.GELU_TANH.hfName());
    into.put("hidden_act", Activation.GELU_TANH.hfName());
    into.put("intermediate_size", ConfigKeys.gated(config).hidden());
    into.put("attention_bias", attention.qkvBias());
    into.put("attention_dropout", 0.0);
    into.put("query_pre_attn_scalar", Math.round(1 / (attention.scale() * attention.scale())));     // transformers wants an integer
    write(into, "attn_logit_softcapping", attention.cap());
    write(into, "final_logit_softcapping", config.logitCap());
    ConfigKeys.writeSpans(config, into);
    RopeJson.write(attention, into);
  }

  private static void write(ObjectNode into, String key, SoftCap cap) {
    if (cap.isActive()) {
      into.put(key, cap.cap());
    } else {
      into.putNull(key);
    }
  }
}
