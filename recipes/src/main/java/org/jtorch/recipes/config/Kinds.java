package org.jtorch.recipes.config;

import java.util.Map;
import java.util.SequencedMap;

/// Interfaces whose records are not known to this package: the choices of each, by the names they have after `type:`.
public record Kinds(Map<Class<?>, SequencedMap<String, Class<?>>> choices) {
  public static final Kinds NONE = new Kinds(Map.of());

  /// Whether a value of this type is one of several records.
  boolean isChoice(Class<?> type) {
    return type.isSealed() || choices.containsKey(type);
  }

  /// The records that stand for a type.
  SequencedMap<String, Class<?>> of(Class<?> type) {
    var open = choices.get(type);
    return open == null ? Key.choices(type) : open;
  }
}
