package org.jtorch.align.sampling;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.rollout.Answer;

/// One answer that was drawn, and what became of it.
///
/// @param answer to the prompt as the data set has it, whatever system prompt the policy was given
/// @param round whose system prompt it was given, counted from 0
/// @param worth what checkers and rewards say, by name; empty if it was dropped before
/// @param total the weighted sum of the rewards; NaN if nobody judged it
/// @param dropped why it cannot win; null if it can
record Sample(Answer answer, int round, double temperature, SequencedMap<String, Double> worth, double total, @Nullable String dropped) {
  Sample {
    worth = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(worth));
  }

  /// One that nobody has looked at.
  static Sample of(Answer answer, int round, double temperature) {
    return new Sample(answer, round, temperature, new LinkedHashMap<>(), Double.NaN, null);
  }

  Sample because(String why) {
    return new Sample(answer, round, temperature, worth, total, why);
  }

  Sample worth(String name, double value) {
    var more = new LinkedHashMap<>(worth);
    more.put(name, value);
    return new Sample(answer, round, temperature, more, total, dropped);
  }

  Sample total(double sum) {
    return new Sample(answer, round, temperature, worth, sum, dropped);
  }

  boolean isLeft() {
    return dropped == null;
  }

  String text() {
    return answer.text().strip();
  }
}
