package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Rotary settings of `config.json` as transformers reads them: `rope_scaling` if it says anything, else `rope_parameters`,
/// with `rope_theta` inside or beside.
final class RopeJson {
  private static final String FACTOR = "factor";
  private static final String TRAINED = "original_max_position_embeddings";
  private static final String POSITIONS = "max_position_embeddings";

  private RopeJson() {}

  /// @param usualPositions `max_position_embeddings` where the file does not say
  static Rope read(JsonFile config, double usualBase, int usualPositions) {
    var settings = object(config, "rope_scaling").or(() -> object(config, "rope_parameters"));
    double beside = config.optDouble("rope_theta", usualBase);
    settings.ifPresent(s -> requirePlain(s, config));
    requireWhole(config, config);
    long positions = config.optLong(POSITIONS, usualPositions);
    return settings.map(s -> new Rope(s.optDouble("rope_theta", beside), scaling(s, config, positions)))
        .orElseGet(() -> new Rope(beside, RopeScaling.NONE));
  }

  private static Optional<JsonFile> object(JsonFile config, String key) {
    return config.optObject(key).filter(o -> !o.keys().isEmpty());
  }

  private static void requirePlain(JsonFile s, JsonFile config) {
    for (String key : s.keys()) {
      if (s.node().path(key).isObject()) {
        throw new DataException(config.path() + ": the rotary parameters are given for each kind of layer (\"" + key
            + "\"); JTorch has one set for all layers: put `rope_theta`, `rope_type` and what it needs into `rope_parameters` itself");
      }
    }
    requireWhole(s, config);
  }

  private static void requireWhole(JsonFile s, JsonFile config) {
    double part = s.optDouble("partial_rotary_factor", 1);
    if (part != 1) {
      throw new DataException(config.path() + ": `partial_rotary_factor` is " + part + "; JTorch rotates whole heads, which is 1");
    }
  }

  private static RopeScaling scaling(JsonFile s, JsonFile config, long positions) {
    String type = s.optString("rope_type", s.optString("type", "default"));
    long trained = config.optLong(TRAINED, s.optLong(TRAINED, positions));
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "linear" -> new RopeScaling.Linear(s.requiredDouble(FACTOR));
      case "dynamic" -> new RopeScaling.Dynamic(s.requiredDouble(FACTOR), positions);
      case "llama3" -> new RopeScaling.Llama3(s.requiredDouble(FACTOR), s.requiredDouble("low_freq_factor"),
          s.requiredDouble("high_freq_factor"), trained);
      case "yarn" -> yarn(s, positions, trained);
      default -> throw new DataException(config.path() + ": rope type \"" + type
          + "\" is not supported; supported: default, linear, dynamic, llama3, yarn");
    };
  }

  /// A factor that is null follows from the two contexts; a β that is null or 0 is the paper's.
  private static RopeScaling yarn(JsonFile s, long positions, long trained) {
    boolean open = s.node().has(FACTOR) && !s.has(FACTOR);
    double factor = open ? (double) positions / trained : s.requiredDouble(FACTOR);
    double fast = s.optDouble("beta_fast", 0);
    double slow = s.optDouble("beta_slow", 0);
    return new RopeScaling.Yarn(factor, trained, fast == 0 ? 32 : fast, slow == 0 ? 1 : slow, s.optBoolean("truncate", true),
        s.optDouble("attention_factor", sharpening(factor, s.optDouble("mscale", 0), s.optDouble("mscale_all_dim", 0))));
  }

  /// DeepSeek's two weights of the logarithm count if both are there.
  private static double sharpening(double factor, double all, double scores) {
    return all == 0 || scores == 0 ? RopeScaling.Yarn.defaultAttentionFactor(factor)
        : RopeScaling.Yarn.attentionFactor(factor, all) / RopeScaling.Yarn.attentionFactor(factor, scores);
  }

  /// @throws IllegalArgumentException if transformers would read something else
  static void write(AttentionConfig.Gqa attention, ObjectNode config) {
    Rope rope = attention.rope();
    if (rope == null) {
      throw new IllegalArgumentException("a decoder without rotary positions cannot be written: config.json has no word for it");
    }
    var p = config.putObject("rope_parameters").put("rope_theta", rope.base());
    switch (rope.scaling()) {
      case RopeScaling.None _ -> p.put("rope_type", "default");
      case RopeScaling.Linear(double factor) -> p.put("rope_type", "linear").put(FACTOR, factor);
      case RopeScaling.Dynamic(double factor, long trained) -> {
        requirePositions(trained, config.path(POSITIONS).longValue());
        p.put("rope_type", "dynamic").put(FACTOR, factor);
      }
      case RopeScaling.Llama3(double factor, double low, double high, long trained) -> p.put("rope_type", "llama3").put(FACTOR, factor)
          .put("low_freq_factor", low).put("high_freq_factor", high).put(TRAINED, trained);
      case RopeScaling.Yarn y -> p.put("rope_type", "yarn").put(FACTOR, y.factor()).put("beta_fast", y.betaFast())
          .put("beta_slow", y.betaSlow()).put("truncate", y.truncate()).put("attention_factor", y.attentionFactor())
          .put(TRAINED, y.trained());
    }
  }

  private static void requirePositions(long trained, long positions) {
    if (trained != positions) {
      throw new IllegalArgumentException("dynamic rotary scaling from " + trained + " positions cannot be written beside `" + POSITIONS
          + "` " + positions + ": the file knows one number for both; make them equal, with withContext(" + trained + ") for example");
    }
  }
}
