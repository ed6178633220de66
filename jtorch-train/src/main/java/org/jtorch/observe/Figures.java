package org.jtorch.observe;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Figures of an event by name, in the order to show them: what one trainer reports and another does not. Names are in snake
/// case, as those of the fixed fields in `metrics.jsonl`.
final class Figures {
  private Figures() {}

  /// A copy that does not change; empty for null, which is what a file without figures says.
  static SequencedMap<String, Double> copyOf(@Nullable SequencedMap<String, Double> figures) {
    return figures == null ? Collections.emptyNavigableMap() : Collections.unmodifiableSequencedMap(new LinkedHashMap<>(figures));
  }
}
