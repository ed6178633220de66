package org.jtorch.gguf;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.gguf.GgufWriter.Value;

/// The model in the words of GGUF: one of llama.cpp's architectures, whose programs compute exactly this.
///
/// @param name `general.architecture`
/// @param attention of the first layer; [Requirements] has seen that the others are the same but for their span
/// @param notes what the file cannot carry, for the user
record Architecture(String name, DecoderConfig config, Gqa attention, Rope rope, List<String> notes) {
  static final String LLAMA = "llama";
  static final String QWEN2 = "qwen2";
  static final String QWEN2_MOE = "qwen2moe";
  static final String QWEN3 = "qwen3";
  static final String GEMMA2 = "gemma2";
  /// llama.cpp knows Gemma 2 27B by its layers, and scales its scores by the width of a head's share of the stream.
  private static final int GEMMA_27B_LAYERS = 46;

  /// @throws IllegalArgumentException if no architecture of llama.cpp computes this model
  static Architecture of(DecoderConfig config) {
    String name = switch (config.family()) {
      case "llama", "mistral", "mixtral" -> LLAMA;
      case "qwen2" -> QWEN2;
      case "qwen2_moe" -> QWEN2_MOE;
      case "qwen3" -> QWEN3;
      case "gemma2" -> GEMMA2;
      default -> throw new IllegalArgumentException("GGUF has no architecture for the family \"" + config.family()
          + "\"; supported: llama, mistral, mixtral, qwen2, qwen2_moe, qwen3, gemma2");
    };
    Requirements.check(name, config);
    var attention = config.attention();
    return new Architecture(name, config, attention, Objects.requireNonNull(attention.rope()), new ArrayList<>());
  }

  FeedForwardConfig feedForward() {
    return config.blocks().getFirst().feedForward();
  }

  /// The llama architecture turns neighbouring pairs of a head, not its two halves: rows of q and k change places.
  boolean permutesHeads() {
    return name.equals(LLAMA);
  }

  /// llama.cpp looks for a head of its own in this architecture, even if it is tied.
  boolean needsHead() {
    return name.equals(QWEN2_MOE);
  }

  /// What q must be multiplied by, because llama.cpp scales scores in its own way.
  double queryFactor() {
    double width = name.equals(GEMMA2) && config.layers() == GEMMA_27B_LAYERS
        ? (double) config.dim() / attention.heads() : attention.headDim();
    double factor = attention.scale() * Math.sqrt(width);
    return Math.abs(factor - 1) < 1e-9 ? 1 : factor;
  }

  void describe(SequencedMap<String, Value> into) {
    number(into, "block_count", config.layers());
    number(into, "context_length", context());
    number(into, "embedding_length", config.dim());
    number(into, "attention.head_count", attention.heads());
    number(into, "attention.head_count_kv", attention.kvHeads());
    number(into, "attention.key_length", attention.headDim());
    number(into, "attention.value_length", attention.headDim());
    real(into, "attention.layer_norm_rms_epsilon", config.norm().eps());
    number(into, "rope.dimension_count", attention.headDim());
    real(into, "rope.freq_base", rope.base());
    number(into, "vocab_size", config.vocab());
    describe(feedForward(), into);
    describe(rope.scaling(), into);
    if (name.equals(GEMMA2)) {
      number(into, "attention.sliding_window", window());
      real(into, "attn_logit_softcapping", attention.cap().cap());
      real(into, "final_logit_softcapping", config.logitCap().cap());
    }
  }

  private void describe(FeedForwardConfig ffn, SequencedMap<String, Value> into) {
    switch (ffn) {
      case Gated g -> number(into, "feed_forward_length", g.hidden());
      case Experts e -> {
        number(into, "feed_forward_length", e.shared() > 0 ? e.shared() : e.hidden());
        number(into, "expert_count", e.experts());
        number(into, "expert_used_count", e.active());
        if (name.equals(QWEN2_MOE)) {
          number(into, "expert_feed_forward_length", e.hidden());
          number(into, "expert_shared_feed_forward_length", e.shared());
        }
      }
      case FeedForwardConfig.Plain _ -> throw new IllegalStateException("plain layers were refused before");
    }
  }

  private void describe(RopeScaling scaling, SequencedMap<String, Value> into) {
    switch (scaling) {
      case RopeScaling.None _, RopeScaling.Llama3 _, RopeScaling.Dynamic _ -> {}
      case RopeScaling.Linear(double factor) -> {
        text(into, "rope.scaling.type", "linear");
        real(into, "rope.scaling.factor", factor);
      }
      case RopeScaling.Yarn y -> {
        text(into, "rope.scaling.type", "yarn");
        real(into, "rope.scaling.factor", y.factor());
        number(into, "rope.scaling.original_context_length", Math.toIntExact(y.trained()));
        if (y.betaFast() != 32 || y.betaSlow() != 1) {
          real(into, "rope.scaling.yarn_beta_fast", y.betaFast());
          real(into, "rope.scaling.yarn_beta_slow", y.betaSlow());
        }
        double usual = RopeScaling.Yarn.defaultAttentionFactor(y.factor());
        if (Math.abs(y.attentionFactor() - usual) > 1e-9) {
          real(into, "rope.scaling.attn_factor", y.attentionFactor() / usual);
        }
      }
    }
  }

  /// The longest text for which llama.cpp computes what the model does.
  private int context() {
    int context = config.maxPositions();
    if (rope.scaling() instanceof RopeScaling.Dynamic(_, long trained) && trained < context) {
      context = Math.toIntExact(trained);
      notes.add("dynamic rotary scaling begins after " + trained + " tokens and llama.cpp has none: the context is cut to that");
    }
    if (!name.equals(GEMMA2) && window() < context) {
      context = window();
      notes.add("the architecture " + name + " has no sliding window in llama.cpp: the context is cut to the window, " + context);
    }
    return context;
  }

  private int window() {
    return config.attentions().stream().map(a -> ((Gqa) a).span())
        .mapToInt(s -> s instanceof Span.Sliding(int w) ? w : Integer.MAX_VALUE).min().orElse(Integer.MAX_VALUE);
  }

  /// What each rotary frequency is divided by, for `rope_freqs.weight`; empty if none is changed that way. `[D/2]`
  float[] frequencyDivisors() {
    if (!(rope.scaling() instanceof RopeScaling.Llama3)) {
      return new float[0];
    }
    double[] plain = RopeScaling.NONE.inverseFrequencies(rope.base(), attention.headDim(), config.maxPositions());
    double[] scaled = rope.scaling().inverseFrequencies(rope.base(), attention.headDim(), config.maxPositions());
    var divisors = new float[plain.length];
    for (int i = 0; i < plain.length; i++) {
      divisors[i] = (float) (plain[i] / scaled[i]);
    }
    return divisors;
  }

  boolean normsQueries() {
    return !(attention.qkNorm() instanceof QkNorm.None);
  }

  private void number(SequencedMap<String, Value> into, String key, int value) {
    into.put(name + "." + key, new Value.U32(value));
  }

  private void real(SequencedMap<String, Value> into, String key, double value) {
    into.put(name + "." + key, new Value.F32((float) value));
  }

  private void text(SequencedMap<String, Value> into, String key, String value) {
    into.put(name + "." + key, new Value.Text(value));
  }
}
