package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Keys of `config.json` that several families read and write in the same way.
final class ConfigKeys {
  private static final String FULL = "full_attention";
  private static final String SLIDING = "sliding_attention";
  private static final int MOST_LAYERS = 10_000;
  private static final int MOST_EXPERTS = 10_000;

  private ConfigKeys() {}

  /// Heads, key-value heads, head size and rotary positions; full span.
  ///
  /// @param headDim the head size where the key is missing; 0 for `hidden_size / num_attention_heads`
  /// @param positions `max_position_embeddings` where the key is missing
  static Gqa attention(JsonFile c, boolean qkvBias, boolean outputBias, int headDim, double ropeTheta, int positions) {
    int dim = c.requiredInt("hidden_size");
    int heads = c.requiredInt("num_attention_heads");
    if (heads < 1) {
      throw new DataException(c.path() + ": `num_attention_heads` must be >= 1 but is " + heads);
    }
    if (!c.has("head_dim") && headDim == 0 && dim % heads != 0) {
      throw new DataException(c.path() + ": `num_attention_heads` (" + heads + ") must divide `hidden_size` (" + dim
          + "), or `head_dim` must be given");
    }
    int size = c.optInt("head_dim", headDim == 0 ? dim / heads : headDim);
    return new Gqa(heads, c.optInt("num_key_value_heads", heads), size, qkvBias, outputBias, RopeJson.read(c, ropeTheta, positions),
        Span.FULL);
  }

  /// `num_hidden_layers`, at least 1; a damaged file must not ask for all memory.
  static int layers(JsonFile c) {
    int layers = c.requiredInt("num_hidden_layers");
    if (layers < 1 || layers > MOST_LAYERS) {
      throw new DataException(c.path() + ": `num_hidden_layers` must be 1 to " + MOST_LAYERS + " but is " + layers);
    }
    return layers;
  }

  /// How many experts a layer has.
  static int experts(JsonFile c, String key, int fallback) {
    int experts = c.optInt(key, fallback);
    if (experts < 0 || experts > MOST_EXPERTS) {
      throw new DataException(c.path() + ": `" + key + "` must be 0 to " + MOST_EXPERTS + " but is " + experts);
    }
    return experts;
  }

  /// The dense feed-forward of the first layer, for families whose layers all have one.
  ///
  /// @throws IllegalArgumentException if it is of another kind
  static Gated gated(DecoderConfig config) {
    if (config.blocks().getFirst().feedForward() instanceof Gated g) {
      return g;
    }
    throw otherFeedForward(config, config.blocks().getFirst());
  }

  static IllegalArgumentException otherFeedForward(DecoderConfig config, BlockConfig block) {
    return new IllegalArgumentException("a model of the family \"" + config.family() + "\" cannot be written with the feed-forward layer "
        + block.feedForward() + "; write it as a family that has it (withFamily)");
  }

  /// Leaves `head_dim` out where it says nothing new, as files of Qwen 2 do.
  static void dropUsualHeadDim(DecoderConfig config, ObjectNode into) {
    if (config.attention().heads() * config.attention().headDim() == config.dim()) {
      into.remove("head_dim");
    }
  }

  /// A gated feed-forward with the family's only activation.
  static Gated gated(JsonFile c, String activationKey, Activation only, boolean bias) {
    activation(c, activationKey, only);
    return new Gated(c.requiredInt("intermediate_size"), only, bias);
  }

  /// @throws DataException if the file asks for another activation than the family's
  static void activation(JsonFile c, String key, Activation only) {
    String act = c.optString(key, only.hfName());
    if (!act.equals(only.hfName())) {
      throw new DataException(c.path() + ": `" + key + "` is \"" + act + "\"; models of type \"" + c.requiredString("model_type")
          + "\" have " + only.hfName());
    }
  }

  /// Each layer's span: `layer_types` if it is there, else the family's rule.
  ///
  /// @param window null if no layer slides
  /// @param slides whether layer i (from 0) slides where the file does not say
  static List<Span> spans(JsonFile c, @Nullable Integer window, IntPredicate slides) {
    int layers = layers(c);
    var spans = new ArrayList<Span>();
    var types = c.has("layer_types") ? c.requiredStrings("layer_types") : null;
    if (types != null && types.size() != layers) {
      throw new DataException(c.path() + ": `layer_types` names " + types.size() + " layers but `num_hidden_layers` is " + layers);
    }
    for (int i = 0; i < layers; i++) {
      boolean sliding = types == null ? window != null && slides.test(i) : switch (types.get(i)) {
        case FULL -> false;
        case SLIDING -> true;
        default -> throw new DataException(c.path() + ": `layer_types[" + i + "]` is \"" + types.get(i) + "\"; supported: " + FULL
            + ", " + SLIDING);
      };
      if (sliding && window == null) {
        throw new DataException(c.path() + ": layer " + i + " is " + SLIDING + " but no `sliding_window` is in force; give its width, "
            + "or make the layer " + FULL);
      }
      spans.add(sliding ? new Span.Sliding(Objects.requireNonNull(window)) : Span.FULL);
    }
    return spans;
  }

  /// `sliding_window` where `use_sliding_window` is true, else null: Qwen's files hold a number that must be ignored.
  static @Nullable Integer qwenWindow(JsonFile c) {
    return c.optBoolean("use_sliding_window", false) ? Integer.valueOf(c.requiredInt("sliding_window")) : null;
  }

  /// Writes `layer_types` and the window.
  static void writeSpans(DecoderConfig config, ObjectNode into) {
    var types = into.putArray("layer_types");
    into.putNull("sliding_window");
    for (var block : config.blocks()) {
      boolean sliding = span(block) instanceof Span.Sliding;
      types.add(sliding ? SLIDING : FULL);
      if (span(block) instanceof Span.Sliding(int window)) {
        into.put("sliding_window", window);
      }
    }
  }

  /// The spans of Qwen's families, with the switch that puts the window in force.
  static void writeQwenSpans(DecoderConfig config, ObjectNode into) {
    writeSpans(config, into);
    into.put("use_sliding_window", config.blocks().stream().anyMatch(b -> span(b) instanceof Span.Sliding));
    into.put("max_window_layers", config.layers());
  }

  /// `sliding_window` for all layers: null means none, missing the family's own (0: none).
  static Span window(JsonFile c, int usual) {
    boolean none = c.node().has("sliding_window") && !c.has("sliding_window");
    int window = none ? 0 : c.optInt("sliding_window", usual);
    return none || (window == 0 && !c.has("sliding_window")) ? Span.FULL : new Span.Sliding(window);
  }

  /// The first layer's window, or null.
  static void writeWindow(DecoderConfig config, ObjectNode into) {
    into.putNull("sliding_window");
    if (span(config.blocks().getFirst()) instanceof Span.Sliding(int window)) {
      into.put("sliding_window", window);
    }
  }

  static Span span(BlockConfig block) {
    return switch (block.attention()) {
      case Gqa g -> g.span();
    };
  }
}
