package org.jtorch.chat;

import java.util.LinkedHashMap;
import java.util.Map;

/// A part of a message whose content is a list.
public sealed interface ContentPart {
  /// As an entry of a message's `content`.
  Map<String, Object> fields();

  record Text(String text) implements ContentPart {
    @Override public Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("type", "text");
      fields.put("text", text);
      return fields;
    }
  }

  /// A picture, a sound: for templates that write a mark for it.
  ///
  /// @param type such as `image`
  /// @param more what else the template reads
  record Other(String type, Map<String, Object> more) implements ContentPart {
    @Override public Map<String, Object> fields() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("type", type);
      fields.putAll(more);
      return fields;
    }
  }
}
