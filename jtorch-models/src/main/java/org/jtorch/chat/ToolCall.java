package org.jtorch.chat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an assistant wants done.
///
/// @param id what the tool's answer refers to; null for none
/// @param name of the function
/// @param arguments by name: text, numbers, booleans, lists and maps of them
public record ToolCall(@Nullable String id, String name, Map<String, Object> arguments) {
  public ToolCall(String name, Map<String, Object> arguments) {
    this(null, name, arguments);
  }

  /// As an entry of a message's `tool_calls`.
  public Map<String, Object> fields() {
    var fields = new LinkedHashMap<String, Object>();
    if (id != null) {
      fields.put("id", id);
    }
    fields.put("type", "function");
    var function = new LinkedHashMap<String, Object>();
    function.put("name", name);
    function.put("arguments", arguments);
    fields.put("function", function);
    return fields;
  }
}
