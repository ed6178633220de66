package org.jtorch.observe;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// One line of `metrics.jsonl`: the event's fields in snake case, with `event`, `step` and `time` in front.
final class MetricLine {
  private static final JsonMapper JSON = JsonMapper.builder()
      .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
      .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .addModule(new SimpleModule()
          .addSerializer(Path.class, ToStringSerializer.instance)
          .addDeserializer(Path.class, new PathFromText()))
      .build();

  private MetricLine() {}

  /// @param step where the event belongs: records after a resumed run's start are dropped by it
  /// @param time seconds since 1970
  static String write(String event, long step, double time, Object fields) {
    ObjectNode node = JSON.createObjectNode().put("event", event).put("step", step).put("time", time);
    ObjectNode own = JSON.valueToTree(fields);
    own.properties().forEach(field -> node.set(field.getKey(), field.getValue()));
    try {
      return JSON.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The line as an object with `event` and `step`, or null where it is not one (cut short, or damaged).
  static @Nullable JsonNode parse(String line) {
    try {
      JsonNode node = JSON.readTree(line);
      return node != null && node.path("event").isTextual() && node.path("step").isIntegralNumber() ? node : null;
    } catch (JsonProcessingException _) {
      return null;
    }
  }

  static <T> T read(JsonNode node, Class<T> type) throws JsonProcessingException {
    return JSON.treeToValue(node, type);
  }

  private static final class PathFromText extends FromStringDeserializer<Path> {
    private static final long serialVersionUID = 1L;

    PathFromText() {
      super(Path.class);
    }

    @Override
    protected Path _deserialize(String value, DeserializationContext context) {
      return Path.of(value);
    }
  }
}
