package org.jtorch.recipes.config;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// The references that a record of a recipe holds, at any depth.
public final class References {
  private final SequencedMap<String, Reference> found = new LinkedHashMap<>();

  private References() {}

  /// By their paths in the record: `train.loss.teacher`.
  public static SequencedMap<String, Reference> in(Record record) {
    var all = new References();
    all.walk(record, "");
    return all.found;
  }

  private void walk(@Nullable Object value, String path) {
    switch (value) {
      case Reference reference -> found.put(path, reference);
      case Record record -> {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
          walk(Difference.value(record, component), Names.join(path, Names.snake(component.getName())));
        }
      }
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          walk(list.get(i), path + "[" + i + "]");
        }
      }
      case Map<?, ?> map -> map.forEach((key, each) -> walk(each, Names.join(path, String.valueOf(key))));
      case null, default -> { }
    }
  }
}
