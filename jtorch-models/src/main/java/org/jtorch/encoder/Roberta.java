package org.jtorch.encoder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.jtorch.ffn.Activation;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// RoBERTa and XLM-RoBERTa (arXiv:1907.11692 and 1911.02116): presets, and how their `config.json` reads and writes.
public final class Roberta {
  /// `model_type` in `config.json`, and what the classes of transformers begin with.
  private static final SequencedMap<String, String> TYPES = new LinkedHashMap<>();

  static {
    TYPES.put("roberta", "Roberta");
    TYPES.put("xlm-roberta", "XLMRoberta");
  }

  /// Runs in seconds on two cores.
  public static final EncoderConfig TINY = shape(4_096, 128, 4, 4, 512);
  public static final EncoderConfig DISTIL = shape(50_265, 768, 6, 12, 3_072);
  public static final EncoderConfig BASE = shape(50_265, 768, 12, 12, 3_072);
  public static final EncoderConfig LARGE = shape(50_265, 1_024, 24, 16, 4_096);

  private Roberta() {}

  private static EncoderConfig shape(int vocab, int dim, int layers, int heads, int hidden) {
    return new EncoderConfig("roberta", vocab, dim, layers, heads, hidden, 514, 1, 1, Activation.GELU, 1e-5, 0.02);
  }

  /// Named shapes, smallest first.
  public static SequencedMap<String, EncoderConfig> presets() {
    var map = new LinkedHashMap<String, EncoderConfig>();
    map.put("roberta-tiny", TINY);
    map.put("distilroberta-base", DISTIL);
    map.put("roberta-base", BASE);
    map.put("roberta-large", LARGE);
    return map;
  }

  /// The values of `model_type` that are encoders of this kind.
  public static List<String> modelTypes() {
    return List.copyOf(TYPES.keySet());
  }

  /// The class that transformers loads it with, `RobertaForSequenceClassification` for the head `ForSequenceClassification`.
  public static String architecture(EncoderConfig config, String head) {
    return TYPES.get(config.family()) + head;
  }

  /// Reads a `config.json`.
  ///
  /// @throws DataException naming the file, the key and what is supported
  public static EncoderConfig read(JsonFile c) {
    String type = c.requiredString("model_type");
    if (!TYPES.containsKey(type)) {
      throw new DataException(c.path() + ": `model_type` is \"" + type + "\", which is no encoder that JTorch knows; supported: "
          + String.join(", ", TYPES.keySet()));
    }
    only(c, "position_embedding_type", c.optString("position_embedding_type", "absolute"), "absolute");
    only(c, "is_decoder", String.valueOf(c.optBoolean("is_decoder", false)), "false");
    try {
      return new EncoderConfig(type, c.requiredInt("vocab_size"), c.requiredInt("hidden_size"),
          c.requiredInt("num_hidden_layers"), c.requiredInt("num_attention_heads"), c.requiredInt("intermediate_size"),
          c.optInt("max_position_embeddings", 512),
          c.optInt("type_vocab_size", 2), c.optInt("pad_token_id", 1), activation(c), c.optDouble("layer_norm_eps", 1e-12),
          c.optDouble("initializer_range", 0.02));
    } catch (IllegalArgumentException e) {
      throw new DataException(c.path() + ": " + e.getMessage(), e);
    }
  }

  private static void only(JsonFile c, String key, String value, String supported) {
    if (!value.equals(supported)) {
      throw new DataException(c.path() + ": `" + key + "` is \"" + value + "\"; encoders support \"" + supported + "\"");
    }
  }

  private static Activation activation(JsonFile c) {
    String name = c.optString("hidden_act", "gelu");
    return Arrays.stream(Activation.values()).filter(a -> a.hfName().equals(name)).findFirst().orElseThrow(() ->
        new DataException(c.path() + ": `hidden_act` is \"" + name + "\"; supported: "
            + Arrays.stream(Activation.values()).map(Activation::hfName).collect(Collectors.joining(", "))));
  }

  /// The keys of `config.json`, as transformers reads them.
  public static void write(EncoderConfig config, ObjectNode into) {
    into.put("model_type", config.family());
    into.put("vocab_size", config.vocab());
    into.put("hidden_size", config.dim());
    into.put("num_hidden_layers", config.layers());
    into.put("num_attention_heads", config.heads());
    into.put("intermediate_size", config.hidden());
    into.put("hidden_act", config.activation().hfName());
    into.put("max_position_embeddings", config.positions());
    into.put("type_vocab_size", config.types());
    into.put("pad_token_id", config.padToken());
    into.put("layer_norm_eps", config.normEps());
    into.put("initializer_range", config.initStd());
    into.put("position_embedding_type", "absolute");
  }
}
