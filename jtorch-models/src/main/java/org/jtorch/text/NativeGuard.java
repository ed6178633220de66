package org.jtorch.text;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/// Refuses what a `tokenizer.json` may hold that the native library does not answer with an error but with a panic, which ends
/// the process. What that is was found by reading its sources (tokenizers 0.21) and by fuzzing it in processes of its own.
final class NativeGuard {
  /// The library gives up at 128, and within a decoder it panics then.
  private static final int MAX_DEPTH = 100;
  private static final Set<String> PARTS = Set.of("normalizer", "pre_tokenizer", "post_processor", "decoder");
  private static final String PREFIX = "continuing_subword_prefix";
  private static final ObjectMapper JSON = new ObjectMapper();

  private NativeGuard() {}

  /// @throws IOException naming the key, or the place, and the reason
  static void check(byte[] json) throws IOException {
    int prefix;
    try (var p = JSON.getFactory().createParser(json)) {
      prefix = text(p);
    }
    try (var p = JSON.getFactory().createParser(json)) {
      parts(p);
    }
    if (prefix > 0) {
      merges(JSON.readTree(json).path("model").path("merges"), prefix);
    }
  }

  /// The parts beside the model, which is mostly the last and long.
  private static void parts(JsonParser p) throws IOException {
    p.nextToken();
    for (int left = PARTS.size(); left > 0 && p.nextToken() == JsonToken.FIELD_NAME; ) {
      String key = p.currentName();
      p.nextToken();
      if (PARTS.contains(key)) {
        PartGuard.check(JSON.readTree(p), key);
        left--;
      } else {
        p.skipChildren();
      }
    }
  }

  /// Refuses whatever the library's reader of JSON refuses: within a decoder it panics on it. Returns how many bytes the model's
  /// prefix for the inside of words has.
  private static int text(JsonParser p) throws IOException {
    var keys = new HashSet<String>();
    int prefix = 0;
    int depth = 0;
    for (JsonToken t = p.nextToken(); t != null; t = p.nextToken()) {
      depth += t.isStructStart() ? 1 : t.isStructEnd() ? -1 : 0;
      if (depth > MAX_DEPTH) {
        throw new IOException("it is nested more than " + MAX_DEPTH + " deep" + place(p));
      }
      if (t == JsonToken.FIELD_NAME && depth == 1 && !keys.add(p.currentName())) {
        throw new IOException("the key `" + p.currentName() + "` is there twice" + place(p));
      }
      if (t == JsonToken.FIELD_NAME || t == JsonToken.VALUE_STRING) {
        wellFormed(p);
        if (t == JsonToken.VALUE_STRING && depth == 2 && PREFIX.equals(p.currentName())) {
          prefix = Math.max(prefix, p.getText().getBytes(StandardCharsets.UTF_8).length);
        }
      } else if (t.isNumeric() && !Double.isFinite(p.getDoubleValue())) {
        throw new IOException("the number " + p.getText() + " is beyond the range of 64 bits" + place(p));
      }
    }
    return prefix;
  }

  private static void wellFormed(JsonParser p) throws IOException {
    char[] text = p.getTextCharacters();
    int end = p.getTextOffset() + p.getTextLength();
    for (int i = p.getTextOffset(); i < end; i++) {
      if (Character.isSurrogate(text[i])) {
        if (i + 1 == end || !Character.isSurrogatePair(text[i], text[i + 1])) {
          throw new IOException(String.format("%s holds half of a surrogate pair, \\u%04x%s", p.getParsingContext().pathAsPointer(),
              (int) text[i], place(p)));
        }
        i++;
      }
    }
  }

  private static String place(JsonParser p) {
    var at = p.currentTokenLocation();
    return " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
  }

  /// The right side of a merge loses the prefix that marks the inside of words: so many bytes, whatever they are.
  private static void merges(JsonNode merges, int prefix) throws IOException {
    for (JsonNode merge : merges) {
      String right = merge.isArray() ? merge.path(1).asText() : merge.asText().substring(merge.asText().indexOf(' ') + 1);
      byte[] bytes = right.getBytes(StandardCharsets.UTF_8);
      if (bytes.length < prefix || (bytes.length > prefix && (bytes[prefix] & 0xC0) == 0x80)) {
        throw new IOException("model.merges holds " + merge + ", whose right side is shorter than model." + PREFIX);
      }
    }
  }
}
