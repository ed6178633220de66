package org.jtorch.text;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// The `added_tokens` of a `tokenizer.json`: read, and replaced without touching the rest.
final class AddedTokensJson {
  private static final String KEY = "added_tokens";
  private static final ObjectMapper JSON = new ObjectMapper();

  private AddedTokensJson() {}

  /// The file with the added tokens that it has by the files beside it; the very same bytes if it has them already.
  static byte[] completed(byte[] json, NamedTokens names) throws IOException {
    if (names.isEmpty()) {
      return json;
    }
    var own = read(json);
    var all = names.complete(own);
    return all.equals(own) ? json : replaced(json, all);
  }

  private static List<ObjectNode> read(byte[] json) throws IOException {
    var tokens = new ArrayList<ObjectNode>();
    try (var p = JSON.getFactory().createParser(json)) {
      if (p.nextToken() != JsonToken.START_OBJECT) {
        throw new IOException("it must be a JSON object");
      }
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = p.currentName().equals(KEY);
        if (p.nextToken() == JsonToken.START_ARRAY && wanted) {
          while (p.nextToken() == JsonToken.START_OBJECT) {
            tokens.add(JSON.readTree(p));
          }
          return tokens;
        }
        p.skipChildren();
      }
    }
    return tokens;
  }

  private static byte[] replaced(byte[] json, List<ObjectNode> tokens) throws IOException {
    var out = new ByteArrayOutputStream(json.length + 4096);
    try (var p = JSON.getFactory().createParser(json); var g = JSON.getFactory().createGenerator(out)) {
      p.nextToken();
      g.writeStartObject();
      write(g, tokens);
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        copy(p, g);
      }
      g.writeEndObject();
    }
    return out.toByteArray();
  }

  private static void write(JsonGenerator g, List<ObjectNode> tokens) throws IOException {
    g.writeArrayFieldStart(KEY);
    for (var token : tokens) {
      g.writeTree(token);
    }
    g.writeEndArray();
  }

  private static void copy(JsonParser p, JsonGenerator g) throws IOException {
    boolean replaced = p.currentName().equals(KEY);
    if (!replaced) {
      g.writeFieldName(p.currentName());
    }
    p.nextToken();
    if (replaced) {
      p.skipChildren();
    } else {
      g.copyCurrentStructure(p);
    }
  }
}
