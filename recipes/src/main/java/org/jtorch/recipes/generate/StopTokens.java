package org.jtorch.recipes.generate;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.text.Tokenizer;

/// The tokens that end a text: `eos_token_id` of `generation_config.json`, a number or a list, together with
/// `eos_token` of `tokenizer_config.json` and `special_tokens_map.json`; if none has one, `eos_token_id` of `config.json`.
public final class StopTokens {
  private static final String IDS = "eos_token_id";

  private StopTokens() {}

  public static Set<Long> of(Path folder, Tokenizer tokenizer) {
    var stop = new TreeSet<Long>();
    ids(folder.resolve("generation_config.json"), stop);
    name(folder.resolve("tokenizer_config.json"), tokenizer, stop);
    name(folder.resolve("special_tokens_map.json"), tokenizer, stop);
    if (stop.isEmpty()) {
      ids(folder.resolve("config.json"), stop);
    }
    return stop;
  }

  private static void ids(Path file, Set<Long> into) {
    if (!Files.isRegularFile(file)) {
      return;
    }
    var json = JsonFile.open(file);
    if (!json.has(IDS)) {
      return;
    }
    JsonNode node = json.node().path(IDS);
    if (node.isArray()) {
      for (long id : json.requiredLongs(IDS)) {
        into.add(id);
      }
    } else if (node.isIntegralNumber()) {
      into.add(json.requiredLong(IDS));
    } else {
      throw new DataException(file + ": key '" + IDS + "' must be a token id or a list of them, such as 2 or [2, 5],"
          + " not " + node);
    }
  }

  /// `eos_token` is a name, or an object that holds the name as `content`.
  private static void name(Path file, Tokenizer tokenizer, Set<Long> into) {
    if (!Files.isRegularFile(file)) {
      return;
    }
    JsonNode node = JsonFile.open(file).node().path("eos_token");
    JsonNode text = node.isObject() ? node.path("content") : node;
    Integer id = text.isTextual() ? tokenizer.id(text.textValue()) : null;
    if (id != null) {
      into.add((long) id);
    }
  }
}
