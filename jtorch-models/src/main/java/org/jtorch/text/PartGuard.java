package org.jtorch.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.TreeSet;

/// The rules of [NativeGuard] for the parts of a tokenizer that are small trees: normalizer, pre-tokenizer, post-processor and
/// decoder. A part is known by its type or, as to the library where the type says nothing, by its keys.
final class PartGuard {
  private static final String MAP = "precompiled_charsmap";

  private PartGuard() {}

  /// @param key of the part, for messages
  static void check(JsonNode part, String key) throws IOException {
    walk(part, key);
    if (key.equals("post_processor") && templates(part) > 1) {
      throw new IOException(key + " holds " + templates(part) + " parts of the type TemplateProcessing; the library fails on what the "
          + "first hands to the second: write them as one");
    }
  }

  private static int templates(JsonNode part) {
    int inside = part.valueStream().mapToInt(PartGuard::templates).sum();
    return inside + (part.isObject() && isTemplate(part) ? 1 : 0);
  }

  /// Every object of a part, whatever its nesting: sequences hold parts.
  private static void walk(JsonNode part, String at) throws IOException {
    if (part.isObject()) {
      switch (at.substring(0, Math.min(at.length(), 4))) {
        case "norm" -> normalizer(part, at);
        case "pre_" -> preTokenizer(part, at);
        case "post" -> template(part, at);
        default -> decoder(part, at);
      }
      for (var e : part.properties()) {
        walk(e.getValue(), at + "." + e.getKey());
      }
    }
    for (int i = 0; part.isArray() && i < part.size(); i++) {
      walk(part.get(i), at + "[" + i + "]");
    }
  }

  private static boolean is(JsonNode part, String type, String key) {
    return part.path("type").asText().equals(type) || part.has(key);
  }

  private static boolean isTemplate(JsonNode part) {
    return is(part, "TemplateProcessing", "single");
  }

  private static void normalizer(JsonNode part, String at) throws IOException {
    JsonNode pattern = part.path("pattern");
    if (pattern.path("String").asText("text").isEmpty() || mayBeEmpty(pattern, at)) {
      throw new IOException(at + ".pattern is " + pattern + ", which also finds the empty text; the library loses count of bytes then");
    }
    if (part.path("prepend").asText("text").isEmpty()) {
      throw new IOException(at + ".prepend is empty; leave the normalizer out");
    }
    if (is(part, "Precompiled", MAP)) {
      charsMap(part.path(MAP), at + "." + MAP);
    }
  }

  private static boolean mayBeEmpty(JsonNode pattern, String at) throws IOException {
    if (!pattern.path("Regex").isTextual()) {
      return false;
    }
    try {
      return RegexGuard.check(pattern.path("Regex").textValue());
    } catch (IOException e) {
      throw new IOException(at + ".pattern.Regex " + e.getMessage(), e);
    }
  }

  private static void charsMap(JsonNode map, String at) throws IOException {
    if (!map.isTextual()) {
      throw new IOException(at + " must be a string in base64, not " + map);
    }
    try {
      CharsMap.check(map.textValue());
    } catch (IOException e) {
      throw new IOException(at + " " + e.getMessage(), e);
    }
  }

  private static void preTokenizer(JsonNode part, String at) throws IOException {
    var _ = mayBeEmpty(part.path("pattern"), at);
    if (part.path("length").isNumber() && part.path("length").asLong() < 1) {
      throw new IOException(at + ".length is " + part.path("length") + "; pieces have at least 1 character");
    }
  }

  /// A template names the tokens that it adds, each with as many ids as names, and its single text is A.
  private static void template(JsonNode part, String at) throws IOException {
    if (!isTemplate(part)) {
      return;
    }
    JsonNode tokens = part.path("special_tokens");
    for (JsonNode piece : part.path("single")) {
      String name = piece.path("SpecialToken").path("id").asText();
      JsonNode token = tokens.path(name);
      if (piece.has("SpecialToken") && !token.isObject()) {
        var known = new TreeSet<String>();
        tokens.properties().forEach(e -> known.add(e.getKey()));
        throw new IOException(at + ".single names the token `" + name + "`, but " + at + ".special_tokens has only " + known);
      }
      if (piece.has("SpecialToken") && token.path("ids").size() != token.path("tokens").size()) {
        throw new IOException(at + ".special_tokens." + name + " has " + token.path("ids").size() + " ids but "
            + token.path("tokens").size() + " tokens");
      }
      if (piece.path("Sequence").path("id").asText().equals("B")) {
        throw new IOException(at + ".single holds the sequence B, but a single text is A");
      }
    }
  }

  private static void decoder(JsonNode part, String at) throws IOException {
    var _ = mayBeEmpty(part.path("pattern"), at);
    if (is(part, "Strip", "stop") && !part.path("stop").asText().equals("0")) {
      throw new IOException(at + ".stop is " + part.path("stop") + "; only 0 is supported: the library fails on tokens shorter than that");
    }
  }
}
