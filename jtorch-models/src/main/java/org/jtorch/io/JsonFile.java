package org.jtorch.io;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// A small JSON file, such as a model's `config.json`, read strictly.
///
/// ```java
/// var config = JsonFile.open(folder.resolve("config.json"));
/// int layers = config.requiredInt("num_hidden_layers");
/// double theta = config.optDouble("rope_theta", 10_000);
/// ```
///
/// `required` getters fail on a missing or null key; `opt` getters give the default then. A value of the wrong type
/// fails in both. Every error is a [DataException] that names file, key, value and the type it should have.
public final class JsonFile {
  private static final long MAX_BYTES = 100_000_000;
  private static final JsonMapper JSON = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private final Path path;
  private final String prefix;
  private final JsonNode node;

  private JsonFile(Path path, String prefix, JsonNode node) {
    this.path = path;
    this.prefix = prefix;
    this.node = node;
  }

  /// Reads the file, which must hold one JSON object.
  public static JsonFile open(Path path) {
    var node = openAny(path);
    if (!node.isObject()) {
      throw new DataException(path + " must hold a JSON object { ... }, not " + kind(node));
    }
    return new JsonFile(path, "", node);
  }

  /// Reads the file, which may hold any JSON value.
  public static JsonNode openAny(Path path) {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw new DataException(path + " has " + Files.size(path) + " bytes, above the limit of " + MAX_BYTES
            + " for a JSON file; is it the right file?");
      }
      return JSON.readTree(Utf8.read(path));
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      var place = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
      throw new DataException(path + " is broken JSON" + place + ": " + e.getOriginalMessage()
          + "; correct it or fetch it again", e);
    } catch (NoSuchFileException e) {
      throw new DataException("there is no " + path + "; check the folder", e);
    } catch (CharacterCodingException e) {
      throw new DataException(path + " is not UTF-8 text; save it as UTF-8 or fetch it again", e);
    } catch (IOException e) {
      throw new DataException("cannot read " + path + ": " + DiskFiles.why(e) + "; check the path and its permissions", e);
    }
  }

  /// An object in memory, read as the file at `path` would be.
  public static JsonFile of(Path path, ObjectNode node) {
    return new JsonFile(path, "", node);
  }

  /// Writes `node` with two spaces of indent and its keys in their order, replacing the file in one step.
  public static void write(Path path, JsonNode node) {
    var indent = new DefaultIndenter("  ", "\n");
    var printer = new DefaultPrettyPrinter().withObjectIndenter(indent).withArrayIndenter(indent);
    try {
      var text = JSON.writer(printer).writeValueAsString(node) + "\n";
      DiskFiles.replace(path, file -> Files.writeString(file, text, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new DataException("cannot write " + path + ": " + DiskFiles.why(e) + DiskFiles.freeSpace(path)
          + "; free some space", e);
    }
  }

  /// The file that was read.
  public Path path() {
    return path;
  }

  /// The JSON object behind this view, for what the getters do not cover.
  public JsonNode node() {
    return node;
  }

  /// The keys in the order of the file.
  public List<String> keys() {
    return node.properties().stream().map(Map.Entry::getKey).toList();
  }

  /// Whether the key is there and not null.
  public boolean has(String key) {
    return node.hasNonNull(key);
  }

  public int requiredInt(String key) {
    return required(key, value -> typed(key, value, "a 32-bit integer", JsonFile::isInt).intValue());
  }

  public int optInt(String key, int fallback) {
    return has(key) ? requiredInt(key) : fallback;
  }

  public long requiredLong(String key) {
    return required(key, value -> typed(key, value, "a 64-bit integer", JsonFile::isLong).longValue());
  }

  public long optLong(String key, long fallback) {
    return has(key) ? requiredLong(key) : fallback;
  }

  public double requiredDouble(String key) {
    return required(key, value -> typed(key, value, "a finite number", JsonFile::isFinite).doubleValue());
  }

  public double optDouble(String key, double fallback) {
    return has(key) ? requiredDouble(key) : fallback;
  }

  public boolean requiredBoolean(String key) {
    return required(key, value -> typed(key, value, "true or false", JsonNode::isBoolean).booleanValue());
  }

  public boolean optBoolean(String key, boolean fallback) {
    return has(key) ? requiredBoolean(key) : fallback;
  }

  public String requiredString(String key) {
    return required(key, value -> typed(key, value, "a string", JsonNode::isTextual).textValue());
  }

  public String optString(String key, String fallback) {
    return has(key) ? requiredString(key) : fallback;
  }

  /// A list of 64-bit integers.
  public long[] requiredLongs(String key) {
    return required(key, value -> {
      typed(key, value, "a list of 64-bit integers", list -> list.isArray() && list.valueStream().allMatch(JsonFile::isLong));
      return value.valueStream().mapToLong(JsonNode::longValue).toArray();
    });
  }

  public long[] optLongs(String key, long... fallback) {
    return has(key) ? requiredLongs(key) : fallback.clone();
  }

  /// A list of strings.
  public List<String> requiredStrings(String key) {
    return required(key, value -> {
      typed(key, value, "a list of strings", list -> list.isArray() && list.valueStream().allMatch(JsonNode::isTextual));
      return value.valueStream().map(JsonNode::textValue).toList();
    });
  }

  /// The object under `key`; its errors name the whole way, as in `rope_scaling.factor`.
  public JsonFile object(String key) {
    return required(key, value ->
        new JsonFile(path, prefix + key + ".", typed(key, value, "an object { ... }", JsonNode::isObject)));
  }

  /// A list of objects; their errors name the place, as in `files[2].size`.
  public List<JsonFile> objects(String key) {
    return required(key, value -> {
      typed(key, value, "a list of objects", list -> list.isArray() && list.valueStream().allMatch(JsonNode::isObject));
      return IntStream.range(0, value.size())
          .mapToObj(i -> new JsonFile(path, prefix + key + "[" + i + "].", value.get(i))).toList();
    });
  }

  /// The object under `key`, if there is one.
  public Optional<JsonFile> optObject(String key) {
    return has(key) ? Optional.of(object(key)) : Optional.empty();
  }

  private static boolean isInt(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToInt();
  }

  private static boolean isLong(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToLong();
  }

  private static boolean isFinite(JsonNode value) {
    return value.isNumber() && Double.isFinite(value.doubleValue());
  }

  private <T> T required(String key, Function<JsonNode, T> read) {
    var value = node.get(key);
    if (value == null || value.isNull()) {
      throw new DataException(path + ": key '" + prefix + key + "' " + (value == null ? "is missing" : "is null")
          + NearNames.hint(key, keys()));
    }
    return read.apply(value);
  }

  private JsonNode typed(String key, JsonNode value, String expected, Predicate<JsonNode> fits) {
    if (!fits.test(value)) {
      throw new DataException(path + ": key '" + prefix + key + "' must be " + expected + ", not " + kind(value));
    }
    return value;
  }

  private static String kind(@Nullable JsonNode value) {
    if (value == null || value.isMissingNode()) {
      return "nothing: the file is empty";
    }
    var text = value.toString();
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }
}
