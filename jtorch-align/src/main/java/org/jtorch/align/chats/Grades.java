package org.jtorch.align.chats;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Judgements of one answer by itself, as AFM's annotators give them (arXiv:2407.21075): each of [#NAMES] has a class of
/// [#CLASSES], 0 the worst. What nobody graded is [#UNKNOWN].
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record Grades(int[] values) {
  /// What is graded, in the order of the values.
  public static final List<String> NAMES = List.of("instruction_following", "verbosity", "truthfulness", "harmlessness");
  /// Classes of each grade.
  public static final int CLASSES = 3;
  /// No grade.
  public static final int UNKNOWN = -1;

  public Grades {
    if (values.length != NAMES.size()) {
      throw new IllegalArgumentException("grades are " + NAMES + ", but " + values.length + " values were given");
    }
    for (int i = 0; i < values.length; i++) {
      if (values[i] < UNKNOWN || values[i] >= CLASSES) {
        throw new IllegalArgumentException("the grade `" + NAMES.get(i) + "` must be 0, 1 or 2 but was " + values[i] + "; 2 is the best");
      }
    }
  }

  /// An object with some of [#NAMES].
  ///
  /// @throws IllegalArgumentException for another name, or what is no whole number from 0 to 2
  static Grades of(JsonNode json) {
    int[] values = new int[NAMES.size()];
    Arrays.fill(values, UNKNOWN);
    for (Map.Entry<String, JsonNode> field : json.properties()) {
      int at = NAMES.indexOf(field.getKey());
      if (at < 0 || !field.getValue().isIntegralNumber() || field.getValue().intValue() < 0) {
        throw new IllegalArgumentException("the grade \"" + field.getKey() + "\": " + field.getValue() + " is none; grades are " + NAMES
            + ", each 0, 1 or 2");
      }
      values[at] = field.getValue().intValue();
    }
    return new Grades(values);
  }
}
