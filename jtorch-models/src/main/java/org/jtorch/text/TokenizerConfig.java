package org.jtorch.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// What lies beside a `tokenizer.model` and completes it: `tokenizer_config.json` and `added_tokens.json`.
///
/// @param added tokens that the model itself may lack, by id, as entries of `added_tokens` in a `tokenizer.json`
/// @param kind `tokenizer_class`, or the empty string
record TokenizerConfig(SortedMap<Integer, ObjectNode> added, Optional<Boolean> addBos, Optional<Boolean> addEos,
    Optional<String> bos, Optional<String> eos, String kind) {
  static TokenizerConfig beside(Path file) {
    Path config = file.resolveSibling("tokenizer_config.json");
    Path more = file.resolveSibling("added_tokens.json");
    var added = new TreeMap<Integer, ObjectNode>();
    if (Files.isRegularFile(more)) {
      JsonFile.open(more).node().properties()
          .forEach(e -> added.put(id(more, e.getValue().asText()), token(e.getValue().asInt(), e.getKey(), true, false)));
    }
    if (!Files.isRegularFile(config)) {
      return new TokenizerConfig(added, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), "");
    }
    JsonNode node = JsonFile.open(config).node();
    for (var entry : node.path("added_tokens_decoder").properties()) {
      int id = id(config, entry.getKey());
      if (!(entry.getValue() instanceof ObjectNode token) || !token.path("content").isTextual()) {
        throw new DataException(config + ": added_tokens_decoder." + id + " must be an object with `content`");
      }
      boolean special = token.path("special").asBoolean();
      added.put(id, token(id, token.path("content").asText(), special, token.path("normalized").asBoolean(!special))
          .put("lstrip", token.path("lstrip").asBoolean()).put("rstrip", token.path("rstrip").asBoolean())
          .put("single_word", token.path("single_word").asBoolean()));
    }
    return new TokenizerConfig(added, flag(node.path("add_bos_token")), flag(node.path("add_eos_token")),
        name(node.path("bos_token")), name(node.path("eos_token")), node.path("tokenizer_class").asText());
  }

  /// An entry of `added_tokens` in a `tokenizer.json`.
  static ObjectNode token(int id, String content, boolean special, boolean normalized) {
    return JsonNodeFactory.instance.objectNode().put("id", id).put("content", content).put("single_word", false)
        .put("lstrip", false).put("rstrip", false).put("normalized", normalized).put("special", special);
  }

  static int id(Path file, String text) {
    try {
      int id = Integer.parseInt(text);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException _) {
      // told below
    }
    throw new DataException(file + ": `" + text + "` is no token id; ids are whole numbers from 0 on");
  }

  private static Optional<Boolean> flag(JsonNode node) {
    return node.isBoolean() ? Optional.of(node.asBoolean()) : Optional.empty();
  }

  private static Optional<String> name(JsonNode node) {
    JsonNode text = node.isObject() ? node.path("content") : node;
    return text.isTextual() ? Optional.of(text.asText()) : Optional.empty();
  }
}
