package org.jtorch.family;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// The families that JTorch knows: the only list.
public final class Families {
  private static final List<Family> ALL = List.of(
      new Llama(),
      new Qwen2(),
      new Qwen2Moe(),
      new Gemma2(),
      new Afm(),
      new Mistral(),
      new Mixtral());

  private Families() {}

  public static List<Family> all() {
    return ALL;
  }

  /// Whether some family reads this `model_type`.
  public static boolean knows(String type) {
    return ALL.stream().anyMatch(f -> f.modelTypes().contains(type));
  }

  /// The family of a `config.json`.
  ///
  /// @throws DataException if its `model_type` is not one of ours
  public static Family of(JsonFile config) {
    String type = config.requiredString("model_type");
    if (!knows(type)) {
      throw new DataException(config.path() + ": `model_type` is \"" + type + "\", which JTorch does not know; supported: " + names());
    }
    return named(type);
  }

  /// The family by its name.
  public static Family named(String type) {
    return ALL.stream().filter(f -> f.modelTypes().contains(type)).findFirst().orElseThrow(() ->
        new IllegalArgumentException("unknown family \"" + type + "\"; supported: " + names()));
  }

  /// Every preset of every family, by name.
  public static SequencedMap<String, DecoderConfig> presets() {
    var map = new LinkedHashMap<String, DecoderConfig>();
    ALL.forEach(f -> map.putAll(f.presets()));
    return map;
  }

  private static String names() {
    return String.join(", ", ALL.stream().flatMap(f -> f.modelTypes().stream()).toList());
  }
}
