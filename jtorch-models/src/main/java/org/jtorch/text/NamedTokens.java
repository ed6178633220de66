package org.jtorch.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;

/// What the files beside a `tokenizer.json` say of its added tokens: `tokenizer_config.json`, and where that has no
/// `added_tokens_decoder` also `special_tokens_map.json` and `added_tokens.json`.
///
/// As in transformers a token that one of them names by its role (`eos_token`, `pad_token`, any key that ends in `_token`) is
/// special, whatever the tokenizer itself says: fine-tunes add `<|im_end|>` as an ordinary token and make it their `eos_token`.
/// One that the tokenizer lacks is added behind its last.
///
/// @param described entries that replace or follow those of the tokenizer, by content
/// @param named tokens with a role: special
/// @param following tokens that only follow those of the tokenizer: what old files list, and tokens without a role
record NamedTokens(SequencedMap<String, ObjectNode> described, SequencedMap<String, ObjectNode> named,
    SequencedMap<String, ObjectNode> following) {
  private static final List<String> ROLES =
      List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token");
  private static final String DESCRIBED = "added_tokens_decoder";
  private static final List<String> EXTRA = List.of("extra_special_tokens", "additional_special_tokens");

  static NamedTokens beside(Path file) {
    var config = open(file.resolveSibling("tokenizer_config.json"));
    var tokens = new NamedTokens(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
    if (config != null) {
      tokens.roles(config);
    }
    if (config != null && config.has(DESCRIBED)) {
      tokens.describe(config);
      return tokens;
    }
    var map = open(file.resolveSibling("special_tokens_map.json"));
    if (map != null) {
      tokens.roles(map);
    }
    var added = open(file.resolveSibling("added_tokens.json"));
    if (added != null) {
      tokens.follow(added);
    }
    return tokens;
  }

  private static @Nullable JsonFile open(Path file) {
    return Files.isRegularFile(file) ? JsonFile.open(file) : null;
  }

  /// Tokens by role in the order of the roles, then those of other keys, as transformers numbers them.
  private void roles(JsonFile file) {
    ROLES.stream().filter(file::has).forEach(role -> name(file, role, file.node().get(role)));
    file.keys().stream().filter(key -> key.endsWith("_token") && !ROLES.contains(key) && file.node().get(key).isTextual())
        .forEach(key -> name(file, key, file.node().get(key)));
    EXTRA.stream().filter(file::has).findFirst().ifPresent(key -> {
      JsonNode tokens = file.node().get(key);
      if (tokens.isObject()) {
        tokens.properties().forEach(e -> name(file, key + "." + e.getKey(), e.getValue()));
      } else {
        tokens.forEach(token -> {
          String content = content(file, key, token);
          following.putIfAbsent(content, TokenizerConfig.token(0, content, true, false));
        });
      }
    });
  }

  private void name(JsonFile file, String key, JsonNode token) {
    String content = content(file, key, token);
    named.put(content, token instanceof ObjectNode flags ? entry(content, flags, true) : TokenizerConfig.token(0, content, true, false));
  }

  /// A token is its name, or an object that holds it as `content`.
  private static String content(JsonFile file, String key, JsonNode token) {
    JsonNode text = token.isObject() ? token.path("content") : token;
    if (!text.isTextual()) {
      throw new DataException(file.path() + ": key '" + key + "' must name a token, such as \"</s>\" or {\"content\": \"</s>\"}, not "
          + token);
    }
    return text.textValue();
  }

  private void describe(JsonFile config) {
    var entries = new TreeMap<Integer, ObjectNode>();
    for (var token : config.object(DESCRIBED).node().properties()) {
      if (!(token.getValue() instanceof ObjectNode flags)) {
        throw new DataException(config.path() + ": key '" + DESCRIBED + "." + token.getKey() + "' must be an object with `content`");
      }
      entries.put(TokenizerConfig.id(config.path(), token.getKey()), flags);
    }
    entries.forEach((id, flags) -> {
      String content = content(config, DESCRIBED + "." + id, flags);
      described.put(content, entry(content, flags, flags.path("special").asBoolean()));
    });
  }

  private void follow(JsonFile added) {
    for (String content : added.keys()) {
      boolean special = named.containsKey(content) || following.containsKey(content);
      following.putIfAbsent(content, TokenizerConfig.token(added.requiredInt(content), content, special, !special));
    }
  }

  private static ObjectNode entry(String content, ObjectNode flags, boolean special) {
    return TokenizerConfig.token(0, content, special, flags.path("normalized").asBoolean(!special))
        .put("lstrip", flags.path("lstrip").asBoolean()).put("rstrip", flags.path("rstrip").asBoolean())
        .put("single_word", flags.path("single_word").asBoolean());
  }

  /// The same without what replaces entries of the tokenizer: for one that was made with them.
  NamedTokens withoutDescribed() {
    return new NamedTokens(new LinkedHashMap<>(), named, following);
  }

  boolean isEmpty() {
    return described.isEmpty() && named.isEmpty() && following.isEmpty();
  }

  /// The added tokens that a tokenizer has by these files.
  ///
  /// @param own the `added_tokens` of its `tokenizer.json`
  List<ObjectNode> complete(List<ObjectNode> own) {
    var all = new LinkedHashMap<String, ObjectNode>();
    own.forEach(token -> all.putIfAbsent(token.path("content").asText(), token));
    described.forEach((content, token) -> all.merge(content, token, NamedTokens::with));
    named.forEach((content, token) -> all.merge(content, token, (mine, _) -> mine.deepCopy().put("special", true)));
    following.forEach(all::putIfAbsent);
    return List.copyOf(all.values());
  }

  /// A token with the flags of another entry; what was special stays so.
  private static ObjectNode with(ObjectNode own, ObjectNode flags) {
    ObjectNode token = flags.deepCopy().put("special", own.path("special").asBoolean() || flags.path("special").asBoolean());
    token.set("id", own.path("id"));
    return token;
  }
}
