package org.jtorch.family;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.JsonFile;

/// `bos_token_id`, `eos_token_id` and `pad_token_id`: they belong to the tokenizer, but lie in `config.json` and
/// `generation_config.json`, where transformers looks for what ends a text.
public final class TokenIds {
  public static final String BOS = "bos_token_id";
  public static final String EOS = "eos_token_id";
  public static final String PAD = "pad_token_id";
  private static final List<String> KEYS = List.of(BOS, EOS, PAD);
  private static final String CONFIG = "config.json";
  static final String GENERATION = "generation_config.json";

  private TokenIds() {}

  /// The settings for generation of a model's folder, completed with the ids of its `config.json`. A key that is null there
  /// stays null; one that neither file has is missing.
  public static ObjectNode generation(Path folder) {
    var all = read(folder.resolve(GENERATION));
    var config = read(folder.resolve(CONFIG));
    for (String key : KEYS) {
      if (!all.hasNonNull(key) && config.has(key)) {
        all.set(key, config.get(key));
      }
    }
    return all;
  }

  private static ObjectNode read(Path file) {
    return Files.exists(file) && JsonFile.open(file).node() instanceof ObjectNode node ? node : JsonNodeFactory.instance.objectNode();
  }

  /// Puts the ids of another folder into a `config.json`. What is unknown is null: transformers would assume its own.
  static void into(ObjectNode config, @Nullable Path from) {
    var known = from == null ? JsonNodeFactory.instance.objectNode() : known(from);
    for (String key : KEYS) {
      if (!config.has(key)) {
        JsonNode id = known.get(key);
        config.set(key, id == null ? NullNode.instance : id);
      }
    }
  }

  /// From `config.json`, or from `generation_config.json` where there is none. There, padding with the end of text is a
  /// habit of generators; in `config.json` it would keep that token's embedding from learning.
  private static ObjectNode known(Path folder) {
    if (Files.exists(folder.resolve(CONFIG))) {
      return read(folder.resolve(CONFIG));
    }
    var ids = read(folder.resolve(GENERATION));
    if (ids.has(PAD) && ids.get(PAD).equals(ids.get(EOS))) {
      ids.putNull(PAD);
    }
    return ids;
  }

  /// Whether a folder has settings for generation that are more than an empty copy of its `config.json`.
  static boolean saysMore(Path folder) {
    var node = read(folder.resolve(GENERATION));
    return !node.isEmpty() && (node.hasNonNull(EOS) || !node.path("_from_model_config").asBoolean());
  }

  /// The `generation_config.json` that transformers would make from this `config.json`.
  static ObjectNode generation(ObjectNode config) {
    var node = JsonNodeFactory.instance.objectNode().put("_from_model_config", true);
    for (String key : KEYS) {
      if (config.hasNonNull(key)) {
        node.set(key, config.get(key));
      }
    }
    return node;
  }
}
