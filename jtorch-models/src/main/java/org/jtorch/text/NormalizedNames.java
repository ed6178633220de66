package org.jtorch.text;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The added tokens of a `tokenizer.json` that are looked for in normalized text. The library normalizes their names, too; one
/// of which nothing is left it finds between any two bytes, and panics in the middle of a character.
///
/// @param normalizer the one of the file
record NormalizedNames(JsonNode normalizer, List<String> contents) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Empty where nothing is normalized.
  static NormalizedNames read(byte[] json) throws IOException {
    JsonNode normalizer = NullNode.instance;
    var contents = new ArrayList<String>();
    try (var p = JSON.getFactory().createParser(json)) {
      p.nextToken();
      for (int left = 2; left > 0 && p.nextToken() == JsonToken.FIELD_NAME; ) {      // the rest is long
        String key = p.currentName();
        p.nextToken();
        switch (key) {
          case "normalizer" -> normalizer = JSON.readTree(p);
          case "added_tokens" -> normalized(JSON.readTree(p), contents);
          default -> {
            p.skipChildren();
            continue;
          }
        }
        left--;
      }
    }
    return new NormalizedNames(normalizer, normalizer.isNull() ? List.of() : contents);
  }

  private static void normalized(JsonNode added, List<String> contents) {
    for (JsonNode token : added) {
      if (token.path("normalized").asBoolean(true) && !token.path("content").asText().isEmpty()) {
        contents.add(token.path("content").asText());
      }
    }
  }

  /// A `tokenizer.json` that only normalizes: what is left of a text is one unknown word.
  byte[] normalizerAlone() throws IOException {
    ObjectNode alone = JSON.createObjectNode().put("version", "1.0");
    alone.putArray("added_tokens");
    alone.set("normalizer", normalizer);
    alone.putNull("pre_tokenizer").putNull("post_processor").putNull("decoder");
    alone.putObject("model").put("type", "WordLevel").put("unk_token", "?").putObject("vocab").put("?", 0);
    return JSON.writeValueAsBytes(alone);
  }

  /// @throws IOException naming a token of which the normalizer leaves nothing
  void requireText(Predicate<String> leavesText) throws IOException {
    for (String content : contents) {
      if (!leavesText.test(content)) {
        throw new IOException("added_tokens holds the token `" + content
            + "` with \"normalized\": true, but the normalizer leaves nothing of it");
      }
    }
  }
}
