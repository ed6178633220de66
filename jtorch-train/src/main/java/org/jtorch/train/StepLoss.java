package org.jtorch.train;

import java.util.Collections;
import java.util.SequencedMap;

/// What the forward and backward passes of a step found.
///
/// @param loss the mean over what was trained on
/// @param tokens how many tokens that were
/// @param figures what else the trainer reports of this step, by name in snake case
public record StepLoss(double loss, long tokens, SequencedMap<String, Double> figures) {
  public StepLoss(double loss, long tokens) {
    this(loss, tokens, Collections.emptyNavigableMap());
  }
}
