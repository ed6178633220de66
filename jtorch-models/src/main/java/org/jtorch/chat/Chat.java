package org.jtorch.chat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.io.JsonValues;

/// All that a chat template is given: the messages, and what they are about.
///
/// ```java
/// var chat = Chat.of(messages).withTools(List.of(Map.of("type", "function", "function", Map.of("name", "time"))))
///     .with("enable_thinking", false);
/// ```
///
/// @param tools what the model may call, as JSON schemas; null for none
/// @param documents what it may quote, usually with `title` and `text`; null for none
/// @param variables whatever else the template reads, by name
public record Chat(List<Message> messages, @Nullable List<Object> tools, @Nullable List<Object> documents, Map<String, Object> variables) {
  public Chat {
    messages = List.copyOf(messages);
    variables = Map.copyOf(variables);
  }

  public static Chat of(List<Message> messages) {
    return new Chat(messages, null, null, Map.of());
  }

  /// A list of messages, or an object with `messages` and perhaps `tools`, `documents` and other variables, as rows of data sets have it.
  ///
  /// @throws IllegalArgumentException if a message is no object with a `role`
  public static Chat of(JsonNode json) {
    JsonNode list = json.isArray() ? json : json.path("messages");
    if (!list.isArray()) {
      throw new IllegalArgumentException("a chat must be a list of messages, or an object whose `messages` are one, not "
          + json.getNodeType());
    }
    var messages = new ArrayList<Message>();
    list.forEach(message -> messages.add(Message.of(message)));
    var variables = new LinkedHashMap<String, Object>();
    json.properties().forEach(field -> {
      if (!List.of("messages", "tools", "documents").contains(field.getKey()) && !field.getValue().isNull()) {
        variables.put(field.getKey(), JsonValues.of(field.getValue()));
      }
    });
    return new Chat(messages, objects(json, "tools"), objects(json, "documents"), variables);
  }

  private static @Nullable List<Object> objects(JsonNode json, String key) {
    JsonNode list = json.path(key);
    if (list.isMissingNode() || list.isNull()) {
      return null;
    }
    if (!list.isArray()) {
      throw new IllegalArgumentException("`" + key + "` of a chat must be a list, not " + list.getNodeType());
    }
    return list.valueStream().map(JsonValues::of).toList();
  }

  /// The chat as [#of(JsonNode)] reads it.
  public JsonNode toJson() {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("messages", messages.stream().map(Message::fields).toList());
    if (tools != null) {
      fields.put("tools", tools);
    }
    if (documents != null) {
      fields.put("documents", documents);
    }
    fields.putAll(variables);
    return JsonValues.json(fields);
  }

  public Chat withMessages(List<Message> others) {
    return new Chat(others, tools, documents, variables);
  }

  public Chat withTools(@Nullable List<Object> others) {
    return new Chat(messages, others, documents, variables);
  }

  public Chat withDocuments(@Nullable List<Object> others) {
    return new Chat(messages, tools, others, variables);
  }

  /// The same with a variable more, such as `enable_thinking`.
  public Chat with(String variable, Object value) {
    var more = new LinkedHashMap<>(variables);
    more.put(variable, value);
    return new Chat(messages, tools, documents, more);
  }
}
