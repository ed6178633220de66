package org.jtorch.recipes.config;

import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// One key of a record as a recipe sees it.
///
/// @param name     snake case
/// @param fallback the YAML text of the default, or null
/// @param nullable whether the key may be absent or null
/// @param doc      one sentence, or the empty string
/// @param laidOver the key of the block that a list is laid over, or null
record Key(String name, String javaName, Type type, @Nullable String fallback, boolean nullable, String doc, @Nullable String laidOver) {
  /// The keys of a record in the order of its components, by their names in YAML.
  static SequencedMap<String, Key> of(Class<?> record) {
    var keys = new LinkedHashMap<String, Key>();
    for (RecordComponent c : record.getRecordComponents()) {
      var fallback = c.getAnnotation(Default.class);
      var doc = c.getAnnotation(Doc.class);
      var under = c.getAnnotation(LaidOver.class);
      String name = Names.snake(c.getName());
      keys.put(name, new Key(name, c.getName(), c.getGenericType(), fallback == null ? null : fallback.value(),
          c.getAnnotatedType().isAnnotationPresent(Nullable.class), doc == null ? "" : doc.value(), under == null ? null : under.value()));
    }
    return keys;
  }

  /// Whether a recipe has to give this key.
  boolean required() {
    return fallback == null && !nullable;
  }

  /// The records that a sealed interface permits, at any depth, by the names they have after `type:`.
  static SequencedMap<String, Class<?>> choices(Class<?> sealed) {
    var choices = new LinkedHashMap<String, Class<?>>();
    var left = new ArrayList<Class<?>>(List.of(sealed));
    while (!left.isEmpty()) {
      var next = left.removeFirst();
      if (next.isSealed()) {
        left.addAll(Arrays.asList(next.getPermittedSubclasses()));
      } else if (next.isRecord()) {
        choices.put(Names.type(next), next);
      }
    }
    return choices;
  }
}
