package org.jtorch.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.TemplateFiles;
import org.jtorch.gguf.GgufWriter.Value;
import org.jtorch.text.Tokenizer;

/// The ids of special tokens, whether encoding adds them, and the chat templates.
final class SpecialTokens {
  private final Tokenizer tokenizer;
  private final @Nullable JsonNode settings;
  private final @Nullable JsonNode model;

  private SpecialTokens(Path folder, Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.settings = node(folder.resolve("tokenizer_config.json"));
    this.model = node(folder.resolve("config.json"));
  }

  private static @Nullable JsonNode node(Path file) {
    var json = Vocabulary.optional(file);
    return json == null ? null : json.node();
  }

  static void describe(Path folder, SequencedMap<String, Value> into) {
    try (var tokenizer = Tokenizer.load(folder)) {
      var tokens = new SpecialTokens(folder, tokenizer);
      long[] plain = tokenizer.encode("a", false);
      long[] whole = tokenizer.encode("a", true);
      boolean begins = whole.length > plain.length && whole[0] != plain[0];
      boolean ends = whole.length > plain.length && whole[whole.length - 1] != plain[plain.length - 1];
      put(into, "bos", begins ? Integer.valueOf((int) whole[0]) : tokens.id("bos_token"));
      put(into, "eos", tokens.id("eos_token"));
      put(into, "unknown", tokens.id("unk_token"));
      put(into, "padding", tokens.id("pad_token"));
      into.put("tokenizer.ggml.add_bos_token", new Value.Bool(begins));
      into.put("tokenizer.ggml.add_eos_token", new Value.Bool(ends));
      putTemplates(TemplateFiles.read(folder), into);
    }
  }

  private static void put(SequencedMap<String, Value> into, String role, @Nullable Integer id) {
    if (id != null) {
      into.put("tokenizer.ggml." + role + "_token_id", new Value.U32(id));
    }
  }

  /// The tokenizer's settings name the token, the model's give its id; of several the first.
  private @Nullable Integer id(String key) {
    JsonNode named = settings == null ? null : settings.get(key);
    if (named != null && !named.isNull()) {
      Integer id = tokenizer.id(named.isObject() ? named.path("content").asText() : named.asText());
      if (id != null) {
        return id;
      }
    }
    JsonNode id = model == null ? null : model.get(key + "_id");
    JsonNode first = id != null && id.isArray() ? id.get(0) : id;
    return first != null && first.canConvertToInt() ? Integer.valueOf(first.intValue()) : null;
  }

  /// The default under the key that all readers know, others under their names, as llama.cpp's converter writes them.
  private static void putTemplates(SequencedMap<String, String> templates, SequencedMap<String, Value> into) {
    var names = new ArrayList<String>();
    templates.forEach((name, template) -> {
      if (!name.equals(TemplateFiles.DEFAULT)) {
        String plain = name.replaceAll("[^A-Za-z0-9]", "_");
        names.add(plain);
        into.put("tokenizer.chat_template." + plain, new Value.Text(template));
      }
    });
    if (!names.isEmpty()) {
      into.put("tokenizer.chat_templates", new Value.Texts(names));
    }
    if (templates.containsKey(TemplateFiles.DEFAULT)) {
      into.put("tokenizer.chat_template", new Value.Text(templates.get(TemplateFiles.DEFAULT)));
    }
  }
}
