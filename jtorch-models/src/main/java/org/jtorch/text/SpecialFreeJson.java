package org.jtorch.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Rewrites a `tokenizer.json` so that no text can produce a special token: every special token is renamed to a
/// private-use character and 128 random bits, in the added tokens, in the vocabulary and where the model names its
/// unknown token. Ids stay as they are (removing the tokens would shift the ids of those after them); the
/// post-processor, which adds specials by name, goes.
final class SpecialFreeJson {
  private final Map<String, String> renamed = new HashMap<>();

  private SpecialFreeJson(TokenizerJson json) {
    byte[] secret = new byte[16];
    new SecureRandom().nextBytes(secret);
    String prefix = "\uE0FF" + HexFormat.of().formatHex(secret);
    json.added().stream().filter(TokenizerJson.Added::special).forEach(a -> renamed.put(a.content(), prefix + a.id()));
  }

  static byte[] rewrite(byte[] source, TokenizerJson json) throws IOException {
    var out = new ByteArrayOutputStream(source.length + 4096);
    var factory = new JsonFactory();
    try (var p = factory.createParser(source); var g = factory.createGenerator(out)) {
      new SpecialFreeJson(json).root(p, g);
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
        case "added_tokens" -> copyRenaming(p, g, "content");
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
        copyRenaming(p, g, null);
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

  /// Copies the current array or object; strings under the key `key` (null: every string outside an object) are renamed.
  private void copyRenaming(JsonParser p, JsonGenerator g, @Nullable String key) throws IOException {
    int depth = 0;
    for (JsonToken t = p.currentToken(); ; t = p.nextToken()) {
      if (t == JsonToken.VALUE_STRING && Objects.equals(p.currentName(), key)) {
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

  private String name(String token) {
    return renamed.getOrDefault(token, token);
  }
}
