package org.jtorch.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A row of a table.
///
/// @param place `file:row`, for messages
/// @param values by the column's name: texts, numbers, booleans, lists and maps of them, null
public record TableRow(String place, Map<String, @Nullable Object> values) {
  public TableRow {
    values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
  }

  /// With one column more, or with another value of it.
  public TableRow with(String column, @Nullable Object value) {
    var more = new LinkedHashMap<String, @Nullable Object>(values);
    more.put(column, value);
    return new TableRow(place, more);
  }
}
