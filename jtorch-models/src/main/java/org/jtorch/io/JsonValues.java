package org.jtorch.io;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON as plain values of Java and back: null, [Boolean], [String], [Number], [List], and [Map] in the order of its keys.
public final class JsonValues {
  private static final JsonMapper JSON = new JsonMapper();

  private JsonValues() {}

  public static @Nullable Object of(JsonNode node) {
    return JSON.convertValue(node, Object.class);
  }

  /// An object as a map.
  public static Map<String, Object> map(JsonNode node) {
    return JSON.convertValue(node, JSON.getTypeFactory().constructMapType(LinkedHashMap.class, String.class, Object.class));
  }

  public static JsonNode json(@Nullable Object value) {
    return JSON.valueToTree(value);
  }
}
