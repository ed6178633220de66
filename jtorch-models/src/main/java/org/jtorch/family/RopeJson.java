package org.jtorch.family;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// Rotary settings of `config.json`: today's `rope_parameters`, or `rope_theta` beside `rope_scaling`.
final class RopeJson {
  private RopeJson() {}

  static Rope read(JsonFile config, double defaultBase) {
    var parameters = config.optObject("rope_parameters");
    var scaling = parameters.or(() -> config.optObject("rope_scaling"));
    double beside = config.optDouble("rope_theta", defaultBase);
    double base = parameters.map(p -> p.optDouble("rope_theta", beside)).orElse(beside);
    return new Rope(base, scaling.map(s -> scaling(s, config)).orElse(RopeScaling.NONE));
  }

  private static RopeScaling scaling(JsonFile s, JsonFile config) {
    String type = s.optString("rope_type", s.optString("type", "default"));
    long trained = s.optLong("original_max_position_embeddings", config.optLong("max_position_embeddings", 2048));
    return switch (type) {
      case "default" -> RopeScaling.NONE;
      case "linear" -> new RopeScaling.Linear(s.requiredDouble("factor"));
      case "dynamic" -> new RopeScaling.Dynamic(s.requiredDouble("factor"), trained);
      case "llama3" -> new RopeScaling.Llama3(s.requiredDouble("factor"), s.requiredDouble("low_freq_factor"),
          s.requiredDouble("high_freq_factor"), s.requiredLong("original_max_position_embeddings"));
      case "yarn" -> yarn(s, trained);
      default -> throw new DataException(config.path() + ": rope type \"" + type
          + "\" is not supported; supported: default, linear, dynamic, llama3, yarn");
    };
  }

  private static RopeScaling yarn(JsonFile s, long trained) {
    double factor = s.requiredDouble("factor");
    return new RopeScaling.Yarn(factor, trained, s.optDouble("beta_fast", 32), s.optDouble("beta_slow", 1),
        s.optBoolean("truncate", true), s.optDouble("attention_factor", RopeScaling.Yarn.defaultAttentionFactor(factor)));
  }

  static void write(AttentionConfig.Gqa attention, ObjectNode config) {
    Rope rope = attention.rope();
    if (rope == null) {
      return;
    }
    var p = config.putObject("rope_parameters").put("rope_theta", rope.base());
    switch (rope.scaling()) {
      case RopeScaling.None _ -> p.put("rope_type", "default");
      case RopeScaling.Linear(double factor) -> p.put("rope_type", "linear").put("factor", factor);
      case RopeScaling.Dynamic(double factor, long trained) -> p.put("rope_type", "dynamic").put("factor", factor)
          .put("original_max_position_embeddings", trained);
      case RopeScaling.Llama3(double factor, double low, double high, long trained) -> p.put("rope_type", "llama3").put("factor", factor)
          .put("low_freq_factor", low).put("high_freq_factor", high).put("original_max_position_embeddings", trained);
      case RopeScaling.Yarn y -> p.put("rope_type", "yarn").put("factor", y.factor()).put("beta_fast", y.betaFast())
          .put("beta_slow", y.betaSlow()).put("truncate", y.truncate()).put("attention_factor", y.attentionFactor())
          .put("original_max_position_embeddings", y.trained());
    }
  }
}
