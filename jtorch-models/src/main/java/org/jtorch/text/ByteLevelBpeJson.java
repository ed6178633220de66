package org.jtorch.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads the rules of a [ByteLevelBpe] from a `tokenizer.json`.
final class ByteLevelBpeJson {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ByteLevelBpeJson() {}

  /// The tokenizer, or null if it does anything that [ByteLevelBpe] does not.
  static @Nullable ByteLevelBpe read(byte[] source, TokenizerJson known) throws IOException {
    var parts = JSON.createObjectNode();
    var merges = new HashMap<Long, ByteLevelBpe.Merge>();
    boolean complete = true;
    try (var p = JSON.getFactory().createParser(source)) {
      p.nextToken();
      while (p.nextToken() == JsonToken.FIELD_NAME) {
        String key = p.currentName();
        p.nextToken();
        switch (key) {
          case "normalizer", "pre_tokenizer" -> parts.set(key, p.readValueAsTree());
          case "model" -> complete = model(p, parts, known.ids(), merges);
          default -> p.skipChildren();
        }
      }
    }
    PreTokenizer split = split(parts.path("pre_tokenizer"));
    if (!complete || split == null || makesSpecial(known, merges) || !isNone(parts, "normalizer", "NFC") || !isPlainBpe(parts)) {
      return null;
    }
    var added = known.added().stream().filter(token -> !token.special()).map(AddedToken::content).toList();
    return new ByteLevelBpe(new ByteLevelBpe.Rules(split, known.ids(), merges, parts.path("ignore_merges").asBoolean(),
        parts.hasNonNull("normalizer"), added));
  }

  /// Whether a special token is also a byte or what a merge makes: the library is told not to, see [SpecialFreeJson].
  private static boolean makesSpecial(TokenizerJson known, Map<Long, ByteLevelBpe.Merge> merges) {
    var special = known.added().stream().filter(AddedToken::special).map(AddedToken::id).collect(Collectors.toSet());
    return known.added().stream().anyMatch(token -> token.special() && token.content().length() == 1)
        || merges.values().stream().anyMatch(merge -> special.contains(merge.id()));
  }

  /// Everything but vocabulary and merges goes into `parts`; false if a merge is of tokens that are not there.
  private static boolean model(JsonParser p, ObjectNode parts, Map<String, Integer> ids, Map<Long, ByteLevelBpe.Merge> merges)
      throws IOException {
    boolean complete = true;
    while (p.nextToken() == JsonToken.FIELD_NAME) {
      String key = p.currentName();
      p.nextToken();
      switch (key) {
        case "vocab" -> p.skipChildren();
        case "merges" -> {
          for (int rank = 0; p.nextToken() != JsonToken.END_ARRAY; rank++) {
            complete &= merge(p, rank, ids, merges);
          }
        }
        default -> parts.set(key, p.readValueAsTree());
      }
    }
    return complete;
  }

  private static boolean merge(JsonParser p, int rank, Map<String, Integer> ids, Map<Long, ByteLevelBpe.Merge> merges)
      throws IOException {
    String[] both = p.currentToken() == JsonToken.START_ARRAY ? p.readValueAs(String[].class) : p.getText().split(" ", -1);
    if (both.length != 2) {
      return false;
    }
    Integer left = ids.get(both[0]);
    Integer right = ids.get(both[1]);
    Integer merged = ids.get(both[0] + both[1]);
    if (left == null || right == null || merged == null) {
      return false;
    }
    return merges.put(ByteLevelBpe.pair(left, right), new ByteLevelBpe.Merge(rank, merged)) == null;
  }

  private static boolean isPlainBpe(ObjectNode parts) {
    return parts.path("type").asText("BPE").equals("BPE") && isNone(parts, "dropout") && isNone(parts, "continuing_subword_prefix")
        && isNone(parts, "end_of_word_suffix") && !parts.path("byte_fallback").asBoolean();
  }

  /// Whether a part is missing, null, empty or of one of these types.
  private static boolean isNone(ObjectNode parts, String key, String... types) {
    JsonNode part = parts.path(key);
    return part.isMissingNode() || part.isNull() || (part.isTextual() && part.textValue().isEmpty())
        || Arrays.asList(types).contains(part.path("type").asText());
  }

  /// The split of GPT-2's part, or of a sequence of a split and a byte-level part that does not split.
  private static @Nullable PreTokenizer split(JsonNode node) {
    JsonNode parts = node.path("pretokenizers");
    if (isByteLevel(node, true)) {
      return PreTokenizer.GPT2;
    }
    if (!node.path("type").asText().equals("Sequence") || parts.size() != 2 || !isByteLevel(parts.path(1), false)) {
      return null;
    }
    JsonNode split = parts.path(0);
    if (!split.path("type").asText().equals("Split") || !split.path("behavior").asText().equals("Isolated")
        || split.path("invert").asBoolean()) {
      return null;
    }
    String regex = split.at("/pattern/Regex").asText();
    return Arrays.stream(PreTokenizer.values()).filter(known -> known.regex().equals(regex)).findFirst().orElse(null);
  }

  private static boolean isByteLevel(JsonNode part, boolean splits) {
    return part.path("type").asText().equals("ByteLevel") && !part.path("add_prefix_space").asBoolean(true)
        && part.path("use_regex").asBoolean(true) == splits;
  }
}
