package org.jtorch.recipes.doctor;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Facts under a title, in the order they were added.
public record Section(String title, SequencedMap<String, String> facts) {
  static Section of(String title) {
    return new Section(title, new LinkedHashMap<>());
  }

  Section add(String name, String value) {
    facts.put(name, value);
    return this;
  }
}
