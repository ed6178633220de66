package org.jtorch.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jtorch.io.JsonFile;

/// The special tokens that templates know as variables, found as transformers finds them: `bos_token` and so on, and those of the
/// model's own such as `image_token`, in `tokenizer_config.json`; where that lists no `added_tokens_decoder`, `special_tokens_map.json`
/// comes before it.
final class TemplateTokens {
  private static final List<String> OWN = List.of("extra_special_tokens", "model_specific_special_tokens");

  private TemplateTokens() {}

  static Map<String, String> read(Path folder) {
    var found = new HashMap<String, String>();
    JsonNode config = settings(folder.resolve(TemplateFiles.CONFIG));
    addTokens(config, found);
    if (!config.has("added_tokens_decoder")) {
      addTokens(settings(folder.resolve("special_tokens_map.json")), found);
    }
    OWN.forEach(own -> config.path(own).properties().forEach(entry -> add(entry.getKey(), entry.getValue(), found)));
    return found;
  }

  private static void addTokens(JsonNode settings, Map<String, String> into) {
    settings.properties().forEach(entry -> {
      if (entry.getKey().endsWith("_token")) {
        add(entry.getKey(), entry.getValue(), into);
      }
    });
  }

  private static JsonNode settings(Path file) {
    return Files.isRegularFile(file) ? JsonFile.open(file).node() : MissingNode.getInstance();
  }

  /// A token is a string, or an object that holds it as `content`; null takes one away.
  private static void add(String name, JsonNode entry, Map<String, String> into) {
    JsonNode text = entry.isObject() ? entry.path("content") : entry;
    if (text.isTextual()) {
      into.put(name, text.textValue());
    } else if (entry.isNull()) {
      into.remove(name);
    }
  }
}
