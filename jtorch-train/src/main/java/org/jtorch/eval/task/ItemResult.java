package org.jtorch.eval.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// What became of one item.
///
/// @param place where the item comes from
/// @param values what it adds to each metric, by the metric's name
/// @param output all there is to say about it: prompt, answers, their log-probabilities
public record ItemResult(String place, SequencedMap<String, Double> values, ObjectNode output) {
  public ItemResult {
    values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
  }
}
