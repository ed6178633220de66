package org.jtorch.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What Java needs to know of a `tokenizer.json`. Read as a stream, because these files hold up to half a million entries.
///
/// @param tokens by id
/// @param ids by token
/// @param subwordPrefix what marks tokens that stand inside of words, in files that mark them; else empty
@SuppressWarnings("ArrayRecordComponent") // an index, never compared
record TokenizerJson(@Nullable String[] tokens, Map<String, Integer> ids, List<AddedToken> added, String subwordPrefix) {
  /// Ids above this are a damaged file, not a vocabulary.
  private static final int MAX_ID = 1 << 24;

  static TokenizerJson parse(byte[] json) throws IOException {
    var ids = new HashMap<String, Integer>();
    var added = new ArrayList<AddedToken>();
    Model model = null;
    try (var p = new JsonFactory().createParser(json)) {
      expect(p, p.nextToken(), JsonToken.START_OBJECT);
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        String key = p.currentName();
        JsonToken value = p.nextToken();
        if (key.equals("added_tokens") && value == JsonToken.START_ARRAY) {
          readAdded(p, added);
        } else if (key.equals("model")) {
          expect(p, value, JsonToken.START_OBJECT);
          model = readModel(p, ids);
        } else {
          p.skipChildren();
        }
      }
    }
    if (model == null) {
      throw new IOException("it has no `model`; is it really a tokenizer.json?");
    }
    List<AddedToken> numbered = numbered(added, ids, model.size);
    numbered.forEach(a -> ids.put(a.content(), a.id()));
    return new TokenizerJson(byId(ids), ids, numbered, model.subwordPrefix);
  }

  /// @param size how many tokens the model itself has
  private record Model(int size, String subwordPrefix) {}

  private static Model readModel(JsonParser p, Map<String, Integer> ids) throws IOException {
    int size = 0;
    String prefix = "";
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      String key = p.currentName();
      JsonToken value = p.nextToken();
      if (key.equals("vocab") && value == JsonToken.START_OBJECT) {
        while (p.nextToken() == JsonToken.FIELD_NAME) {
          String token = p.currentName();
          p.nextToken();
          ids.put(token, checked(p.getIntValue(), token));
        }
        size = ids.size();
      } else if (key.equals("vocab") && value == JsonToken.START_ARRAY) {
        size = readUnigram(p, ids);
      } else if (key.equals("continuing_subword_prefix") && value == JsonToken.VALUE_STRING) {
        prefix = p.getText();
      } else {
        p.skipChildren();
      }
    }
    return new Model(size, prefix);
  }

  private static int readUnigram(JsonParser p, Map<String, Integer> ids) throws IOException {
    int id = 0;
    for (; p.nextToken() == JsonToken.START_ARRAY; id++) {
      expect(p, p.nextToken(), JsonToken.VALUE_STRING);
      ids.put(p.getText(), id);
      p.nextToken();
      expect(p, p.nextToken(), JsonToken.END_ARRAY);
    }
    return id;
  }

  /// The added tokens with the ids that the library gives them, whatever the file says: that of the model's token of this name,
  /// else the next behind all others.
  private static List<AddedToken> numbered(List<AddedToken> added, Map<String, Integer> ids, int size) {
    var numbered = new LinkedHashMap<String, AddedToken>();
    int last = -1;
    for (var token : added) {
      if (!token.content().isEmpty()) {
        Integer own = ids.get(token.content());
        var before = numbered.get(token.content());
        int id = before != null ? before.id() : own != null ? own : Math.max(size, last + 1);
        last = Math.max(last, id);
        numbered.put(token.content(), new AddedToken(id, token.content(), token.special() || (before != null && before.special())));
      }
    }
    return List.copyOf(numbered.values());
  }

  private static void readAdded(JsonParser p, List<AddedToken> added) throws IOException {
    while (p.nextToken() == JsonToken.START_OBJECT) {
      int id = -1;
      String content = null;
      boolean special = false;
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        String key = p.currentName();
        p.nextToken();
        switch (key) {
          case "id" -> id = p.getIntValue();
          case "content" -> content = p.getText();
          case "special" -> special = p.getBooleanValue();
          default -> p.skipChildren();
        }
      }
      if (content == null) {
        throw new IOException("an entry of `added_tokens` has no `content` (line %d)".formatted(p.currentLocation().getLineNr()));
      }
      added.add(new AddedToken(checked(id, content), content, special));
    }
  }

  private static int checked(int id, String token) throws IOException {
    if (id < 0 || id > MAX_ID) {
      throw new IOException("token `" + token + "` has the id " + id + ", outside 0 to " + MAX_ID);
    }
    return id;
  }

  private static @Nullable String[] byId(Map<String, Integer> ids) {
    int size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
    @Nullable String[] tokens = new @Nullable String[size];
    ids.forEach((token, id) -> tokens[id] = token);
    return tokens;
  }

  private static void expect(JsonParser p, @Nullable JsonToken found, JsonToken wanted) throws IOException {
    if (found != wanted) {
      throw new IOException("expected " + wanted + " but found " + found + " at line " + p.currentLocation().getLineNr());
    }
  }
}
