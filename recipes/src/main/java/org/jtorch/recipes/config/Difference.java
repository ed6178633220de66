package org.jtorch.recipes.config;

import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A key that two recipes of one kind give different values.
///
/// @param path       `train.schedule.warmup`
/// @param before     the earlier value as YAML
/// @param now        the later value as YAML
/// @param overridden whether the later value was given as an override
public record Difference(String path, String before, String now, boolean overridden) {
  /// All of them, in the order of the keys. Values count, not how they are written: 3e-4 is 0.0003.
  public static List<Difference> between(Bound<? extends Record> before, Bound<? extends Record> now) {
    var paths = new ArrayList<String>();
    compare(before.value(), now.value(), "", paths);
    return paths.stream().map(path -> new Difference(path, before.resolved().text(path), now.resolved().text(path),
        "override".equals(now.resolved().origin(path)))).toList();
  }

  private static void compare(@Nullable Object a, @Nullable Object b, String path, List<String> differing) {
    if (Objects.equals(a, b)) {
      return;
    }
    if (a instanceof Record x && b instanceof Record y && x.getClass() == y.getClass()) {
      for (var component : x.getClass().getRecordComponents()) {
        compare(value(x, component), value(y, component), Names.join(path, Names.snake(component.getName())), differing);
      }
    } else {
      differing.add(path);
    }
  }

  /// What a record holds under a component.
  public static @Nullable Object value(Record record, RecordComponent component) {
    try {
      var accessor = component.getAccessor();
      accessor.setAccessible(true);
      return accessor.invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /// `train.steps: 100 -> 200`
  @Override public String toString() {
    return path + ": " + before + " -> " + now;
  }
}
