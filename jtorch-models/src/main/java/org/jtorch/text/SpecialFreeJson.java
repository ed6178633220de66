package org.jtorch.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// Rewrites a `tokenizer.json` so that no text can produce a special token, or one of some others: each is renamed to a
/// private-use character and 128 random bits, in the added tokens, in the vocabulary and where the model names its
/// unknown token. Ids stay as they are (removing the tokens would shift the ids of those after them); the
/// post-processor, which adds specials by name, goes, as do merges with one of them. Special tokens count as not
/// normalized, so that those who know the secret names ([#names]) always get the token.
final class SpecialFreeJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Map<String, String> renamed = new HashMap<>();
  private final String subwordPrefix;

  /// @param others added tokens to guard beside the special ones
  SpecialFreeJson(TokenizerJson json, Set<String> others) {
    subwordPrefix = json.subwordPrefix();
    byte[] secret = new byte[16];
    new SecureRandom().nextBytes(secret);
    String prefix = "\uE0FF" + HexFormat.of().formatHex(secret);
    json.added().stream().filter(a -> a.special() || others.contains(a.content()))
        .forEach(a -> renamed.put(a.content(), prefix + a.id() + "\uE0FE"));
  }

  /// The secret names by the names in the file.
  Map<String, String> names() {
    return Map.copyOf(renamed);
  }

  byte[] rewrite(byte[] source) throws IOException {
    var out = new ByteArrayOutputStream(source.length + 4096);
    JsonFactory factory = JSON.getFactory();
    try (var p = factory.createParser(source); var g = factory.createGenerator(out)) {
      root(p, g);
    }
    return out.toByteArray();
  }

  private void root(JsonParser p, JsonGenerator g) throws IOException {
    p.nextToken();
    g.writeStartObject();
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      String key = p.currentName();
      g.writeFieldName(key);
      p.nextToken();
      switch (key) {
        case "added_tokens" -> added(p, g);
        case "model" -> model(p, g);
        case "post_processor" -> {
          p.skipChildren();
          g.writeNull();
        }
        default -> g.copyCurrentStructure(p);
      }
    }
    g.writeEndObject();
  }

  private void model(JsonParser p, JsonGenerator g) throws IOException {
    g.writeStartObject();
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      String key = p.currentName();
      g.writeFieldName(key);
      JsonToken value = p.nextToken();
      if (key.equals("vocab") && value == JsonToken.START_OBJECT) {
        vocab(p, g);
      } else if (key.equals("vocab")) {
        unigram(p, g);
      } else if (key.equals("merges") && value == JsonToken.START_ARRAY) {
        merges(p, g);
      } else if (key.equals("unk_token") && value == JsonToken.VALUE_STRING) {
        g.writeString(name(p.getText()));
      } else {
        g.copyCurrentStructure(p);
      }
    }
    g.writeEndObject();
  }

  private void vocab(JsonParser p, JsonGenerator g) throws IOException {
    g.writeStartObject();
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      g.writeFieldName(name(p.currentName()));
      p.nextToken();
      g.copyCurrentEvent(p);
    }
    g.writeEndObject();
  }

  /// Merges that make one of the tokens, or are made of one, go.
  private void merges(JsonParser p, JsonGenerator g) throws IOException {
    g.writeStartArray();
    while (p.nextToken() != JsonToken.END_ARRAY) {
      JsonNode merge = JSON.readTree(p);
      String text = merge.isArray() ? merge.path(0).asText() + " " + merge.path(1).asText() : merge.asText();
      int space = text.indexOf(' ');
      boolean kept = space < 0 || Stream.of(text.substring(0, space), text.substring(space + 1), merged(text, space))
          .noneMatch(renamed::containsKey);
      if (kept) {
        g.writeTree(merge);
      }
    }
    g.writeEndArray();
  }

  /// What a merge makes: the right side loses the prefix that marks the inside of words.
  private String merged(String merge, int space) {
    String right = merge.substring(space + 1);
    return merge.substring(0, space) + (right.startsWith(subwordPrefix) ? right.substring(subwordPrefix.length()) : right);
  }

  /// The entries of the vocabulary are lists of a token and its score.
  private void unigram(JsonParser p, JsonGenerator g) throws IOException {
    int depth = 0;
    for (JsonToken t = p.currentToken(); ; t = p.nextToken()) {
      if (t == JsonToken.VALUE_STRING) {
        g.writeString(name(p.getText()));
      } else {
        g.copyCurrentEvent(p);
      }
      depth += t.isStructStart() ? 1 : t.isStructEnd() ? -1 : 0;
      if (depth == 0) {
        return;
      }
    }
  }

  private void added(JsonParser p, JsonGenerator g) throws IOException {
    g.writeStartArray();
    while (p.nextToken() == JsonToken.START_OBJECT) {
      ObjectNode entry = JSON.readTree(p);
      String content = entry.path("content").asText();
      g.writeTree(renamed.containsKey(content) ? entry.put("content", name(content)).put("normalized", false) : entry);
    }
    g.writeEndArray();
  }

  private String name(String token) {
    return renamed.getOrDefault(token, token);
  }
}
