package org.jtorch.text;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Builds a `tokenizer.json` from its parts.
///
/// @param normalizer how text is changed first; null for not at all, as `preTokenizer` and `postProcessor`
record TokenizerParts(Collection<ObjectNode> added, @Nullable JsonNode normalizer, @Nullable JsonNode preTokenizer,
    @Nullable JsonNode postProcessor, JsonNode decoder, Model model) {
  /// Characters of a token whose merges are recovered: every way to split it is looked up. The longest in use have 128.
  static final int LONGEST = 1024;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /// Writes the fields of the model.
  interface Model {
    void write(JsonGenerator g) throws IOException;
  }

  byte[] write() throws IOException {
    var out = new ByteArrayOutputStream(1 << 20);
    try (JsonGenerator g = new ObjectMapper().getFactory().createGenerator(out)) {
      g.writeStartObject();
      g.writeStringField("version", "1.0");
      g.writeNullField("truncation");
      g.writeNullField("padding");
      g.writePOJOField("added_tokens", added);
      tree(g, "normalizer", normalizer);
      tree(g, "pre_tokenizer", preTokenizer);
      tree(g, "post_processor", postProcessor);
      tree(g, "decoder", decoder);
      g.writeObjectFieldStart("model");
      model.write(g);
      g.writeEndObject();
      g.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void tree(JsonGenerator g, String key, @Nullable JsonNode node) throws IOException {
    g.writeFieldName(key);
    g.writeTree(node == null ? JSON.nullNode() : node);
  }

  static ObjectNode part(String type) {
    return JSON.objectNode().put("type", type);
  }

  /// Several parts of a kind as one; `key` is `normalizers`, `pretokenizers` or `decoders`.
  static ObjectNode sequence(String key, Collection<ObjectNode> parts) {
    ObjectNode sequence = part("Sequence");
    sequence.putArray(key).addAll(parts);
    return sequence;
  }

  static ObjectNode split(String regex) {
    ObjectNode split = part("Split");
    split.putObject("pattern").put("Regex", regex);
    return split.put("behavior", "Isolated").put("invert", false);
  }

  /// @param kind `String` or `Regex`
  static ObjectNode replace(String kind, String pattern, String content) {
    ObjectNode replace = part("Replace");
    replace.putObject("pattern").put(kind, pattern);
    return replace.put("content", content);
  }

  static ObjectNode byteLevel() {
    return part("ByteLevel").put("add_prefix_space", false).put("trim_offsets", false).put("use_regex", false);
  }

  /// Adds tokens before and after a text; null if there is nothing to add.
  static @Nullable ObjectNode template(Map<String, Integer> before, Map<String, Integer> after) {
    if (before.isEmpty() && after.isEmpty()) {
      return null;
    }
    ObjectNode template = part("TemplateProcessing");
    for (var kind : List.of("single", "pair")) {
      var list = template.putArray(kind);
      for (var sequence : kind.equals("single") ? List.of("A") : List.of("A", "B")) {
        int type = sequence.equals("A") ? 0 : 1;
        before.keySet().forEach(name -> list.addObject().putObject("SpecialToken").put("id", name).put("type_id", type));
        list.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
        after.keySet().forEach(name -> list.addObject().putObject("SpecialToken").put("id", name).put("type_id", type));
      }
    }
    ObjectNode tokens = template.putObject("special_tokens");
    for (var used : List.of(before, after)) {
      used.forEach((name, id) -> {
        ObjectNode token = tokens.putObject(name).put("id", name);
        token.putArray("ids").add(id);
        token.putArray("tokens").add(name);
      });
    }
    return template;
  }
}
