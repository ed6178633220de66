package org.jtorch.recipes.generate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// A model's folder that is damaged by a seed: the same seed gives the same folder.
final class FuzzedFolder {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String WEIGHTS = ".safetensors";
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Path folder;
  private final Map<String, byte[]> whole = new LinkedHashMap<>();
  private final Map<String, byte[]> written = new LinkedHashMap<>();
  private final JsonNode parts;

  /// @param folder a model that opens; it is damaged from now on
  /// @param parts parts of tokenizers by kind
  FuzzedFolder(Path folder, JsonNode parts) throws IOException {
    this.folder = folder;
    this.parts = parts;
    try (var files = Files.list(folder)) {
      for (Path file : files.sorted().toList()) {
        whole.put(String.valueOf(file.getFileName()), Files.readAllBytes(file));
      }
    }
  }

  Path path() {
    return folder;
  }

  /// Damages one to three of the files; the others are whole.
  void damage(long seed) {
    var random = new Random(seed);
    var names = new ArrayList<>(whole.keySet());
    var damaged = new LinkedHashMap<>(whole);
    if (whole.containsKey(TOKENIZER) && random.nextBoolean()) {
      damaged.put(TOKENIZER, bytes(tokenizer(random)));
    }
    for (int i = random.nextInt(3); i >= 0; i--) {
      String name = random.nextInt(3) == 0 ? TOKENIZER : names.get(random.nextInt(names.size()));
      damaged.computeIfPresent(name, (_, content) -> damaged(name, content, random));
    }
    damaged.forEach(this::write);
  }

  private void write(String name, byte[] content) {
    try {
      if (written.put(name, content) != content) {
        Files.write(folder.resolve(name), content);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private byte[] damaged(String name, byte[] content, Random random) {
    if (random.nextInt(12) == 0) {
      return flipped(content, random);
    }
    try {
      return name.endsWith(WEIGHTS) ? header(content, random) : tree(JSON.readTree(content), random);
    } catch (IOException e) {                                      // damaged before
      return flipped(content, random);
    }
  }

  /// A byte that is another, or an end that is missing.
  private static byte[] flipped(byte[] content, Random random) {
    byte[] other = content.clone();
    if (other.length > 0) {
      other[random.nextInt(Math.min(other.length, 4096))] = (byte) random.nextInt(256);
    }
    return random.nextInt(3) == 0 ? Arrays.copyOf(other, random.nextInt(other.length + 1)) : other;
  }

  private static byte[] tree(JsonNode json, Random random) {
    var mutations = new JsonMutations(random);
    for (int i = random.nextInt(2); i >= 0; i--) {
      mutations.damage(json);
    }
    return bytes(json);
  }

  private static byte[] header(byte[] file, Random random) throws IOException {
    long length = file.length < Long.BYTES ? -1 : ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > file.length - Long.BYTES) {
      return flipped(file, random);
    }
    byte[] header = tree(JSON.readTree(new String(file, Long.BYTES, (int) length, StandardCharsets.UTF_8)), random);
    int data = (int) (file.length - Long.BYTES - length);
    return ByteBuffer.allocate(Long.BYTES + header.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).put(header)
        .put(file, file.length - data, data).array();
  }

  /// A tokenizer of parts that were never meant for each other.
  private ObjectNode tokenizer(Random random) {
    var json = JSON.createObjectNode().put("version", "1.0");
    for (String kind : List.of("truncation", "padding")) {
      json.set(kind, part(kind, random));
    }
    var added = json.putArray("added_tokens");
    parts.path("added_tokens").forEach(token -> {
      if (random.nextInt(3) > 0) {
        added.add(token.deepCopy());
      }
    });
    json.set("normalizer", part("normalizers", random));
    json.set("pre_tokenizer", part("pre_tokenizers", random));
    json.set("post_processor", part("post_processors", random));
    json.set("decoder", part("decoders", random));
    json.set("model", part("models", random));
    return json;
  }

  private JsonNode part(String kind, Random random) {
    var choices = parts.path(kind);
    return choices.get(random.nextInt(choices.size())).deepCopy();
  }

  /// Half of a surrogate pair is written as the escape that it is in a file.
  private static byte[] bytes(JsonNode json) {
    var text = new StringBuilder();
    String plain = json.toString();
    for (int i = 0; i < plain.length(); i++) {
      char c = plain.charAt(i);
      if (c < 0x80) {
        text.append(c);
      } else {
        text.append(String.format("\\u%04x", (int) c));
      }
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }
}
