package org.jtorch.text;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A tiktoken file, lines of `base64 rank`, as `tokenizer.json`.
///
/// The file holds neither special tokens nor the splitting of text into words: both come from [Tiktoken], the special
/// tokens from `tokenizer_config.json` if it lists them. Merges are recovered from the ranks: every way to put a token
/// together from two others is a merge, as old as the token.
final class TiktokenJson {
  private final Map<String, Integer> ranks = new LinkedHashMap<>();
  private final Tiktoken kind;
  private final TokenizerConfig config;
  private final SortedMap<Integer, ObjectNode> added = new TreeMap<>();

  private TiktokenJson(byte[] file, String name, TokenizerConfig config) throws IOException {
    read(file);
    this.kind = Tiktoken.of(ranks.size(), (name + " " + config.kind()).toLowerCase(Locale.ROOT));
    this.config = config;
    added.putAll(config.added());
    if (added.isEmpty()) {
      kind.specials().forEach((id, special) -> added.put(id, TokenizerConfig.token(id, special, true, false)));
    }
    for (var token : ranks.entrySet()) {
      ObjectNode clash = added.get(token.getValue());
      if (clash != null) {
        throw new IOException("the id " + token.getValue() + " of the added token " + clash.path("content") + " is also a rank");
      }
    }
  }

  /// Whether the first line is one of a tiktoken file.
  static boolean looksLike(byte[] file) {
    String head = new String(file, 0, Math.min(file.length, 256), ISO_8859_1);
    return head.matches("(?s)[A-Za-z0-9+/]+={0,2} \\d+\\s.*");
  }

  /// @param name of the file: one with `qwen` in it is split as Qwen splits
  static byte[] convert(byte[] file, String name, TokenizerConfig config) throws IOException {
    return new TiktokenJson(file, name, config).parts().write();
  }

  private void read(byte[] file) throws IOException {
    var byRank = new HashMap<Integer, Integer>();
    int number = 0;
    for (String line : (Iterable<String>) new String(file, ISO_8859_1).lines()::iterator) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        int space = line.indexOf(' ');
        byte[] token = Base64.getDecoder().decode(line.substring(0, space));
        int rank = Integer.parseInt(line.substring(space + 1).strip());
        Integer earlier = byRank.putIfAbsent(rank, number);
        if (rank < 0 || earlier != null) {
          throw new IOException("line " + number + ": the rank " + rank
              + (rank < 0 ? " is negative" : " was given in line " + earlier));
        }
        if (token.length > TokenizerParts.LONGEST) {
          throw new IOException("line " + number + ": the token has " + token.length + " bytes; at most " + TokenizerParts.LONGEST
              + " are supported");
        }
        if (token.length == 0 || ranks.put(ByteAlphabet.spell(token), rank) != null) {
          throw new IOException("line " + number + ": the token is empty or was given before");
        }
      } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
        throw new IOException("line " + number + " must be a token in base64, a space and its rank, as `IQ== 0`", e);
      }
    }
    for (int b = 0; b < 256; b++) {
      if (!ranks.containsKey(ByteAlphabet.spell(new byte[] {(byte) b}))) {
        throw new IOException(String.format(Locale.ROOT, "the byte 0x%02X has no rank in its %d lines; is the file cut off?",
            b, number));
      }
    }
  }

  private TokenizerParts parts() {
    @Nullable JsonNode normalizer = kind.nfc() ? TokenizerParts.part("NFC") : null;
    var words = TokenizerParts.sequence("pretokenizers",
        List.of(TokenizerParts.split(kind.split().regex()), TokenizerParts.byteLevel()));
    String bos = config.bos().orElse(kind.bos());
    String eos = config.eos().orElse("");
    return new TokenizerParts(added.values(), normalizer, words,
        TokenizerParts.template(edge(config.addBos().orElse(!kind.bos().isEmpty()), bos), edge(config.addEos().orElse(false), eos)),
        TokenizerParts.byteLevel(), this::bpe);
  }

  private Map<String, Integer> edge(boolean wanted, String name) {
    for (var token : added.entrySet()) {
      if (wanted && token.getValue().path("content").asText().equals(name)) {
        return Map.of(name, token.getKey());
      }
    }
    return Map.of();
  }

  private void bpe(JsonGenerator g) throws IOException {
    g.writeStringField("type", "BPE");
    g.writeNullField("dropout");
    g.writeNullField("unk_token");
    g.writeNullField("continuing_subword_prefix");
    g.writeNullField("end_of_word_suffix");
    g.writeBooleanField("fuse_unk", false);
    g.writeBooleanField("byte_fallback", false);
    g.writeBooleanField("ignore_merges", true);
    g.writeObjectFieldStart("vocab");
    for (var token : ranks.entrySet()) {
      g.writeNumberField(token.getKey(), token.getValue());
    }
    for (var token : added.entrySet()) { // the library numbers tokens that it does not find here by itself, without gaps
      g.writeNumberField(token.getValue().path("content").asText(), token.getKey());
    }
    g.writeEndObject();
    g.writeArrayFieldStart("merges");
    for (String token : ranks.entrySet().stream().sorted(Map.Entry.comparingByValue()).map(Map.Entry::getKey).toList()) {
      for (String[] merge : merges(token)) {
        g.writeString(merge[0] + " " + merge[1]);
      }
    }
    g.writeEndArray();
  }

  private List<String[]> merges(String token) {
    var merges = new ArrayList<String[]>();
    for (int i = 1; i < token.length(); i++) {
      String left = token.substring(0, i);
      String right = token.substring(i);
      if (ranks.containsKey(left) && ranks.containsKey(right)) {
        merges.add(new String[] {left, right});
      }
    }
    merges.sort(Comparator.comparing((String[] m) -> ranks.getOrDefault(m[0], 0)).thenComparing(m -> ranks.getOrDefault(m[1], 0)));
    return merges;
  }
}
