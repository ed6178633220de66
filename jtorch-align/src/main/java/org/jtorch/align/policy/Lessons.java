package org.jtorch.align.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.data.BatchOrder;

/// The lessons of a step, and how they become mini-batches.
final class Lessons {
  private Lessons() {}

  /// Each experience with its advantage.
  static List<Lesson> of(List<Experience> experiences, double[] advantages) {
    return IntStream.range(0, advantages.length).mapToObj(i -> Lesson.of(experiences.get(i), advantages[i])).toList();
  }

  /// The lessons of prompts whose answers are not all worth the same.
  static List<Lesson> disputed(List<Lesson> lessons, int k) {
    var kept = new ArrayList<Lesson>();
    for (int from = 0; from < lessons.size(); from += k) {
      var group = lessons.subList(from, from + k);
      if (!Experience.agree(group.stream().map(Lesson::experience).toList())) {
        kept.addAll(group);
      }
    }
    return kept;
  }

  /// `n` mini-batches of nearly equally many lessons, shuffled anew in each epoch of each step; one holds them in their order.
  ///
  /// @param epoch counts over the whole run
  static List<List<Lesson>> parts(List<Lesson> lessons, int n, long seed, long epoch) {
    if (n == 1 || lessons.isEmpty()) {
      return List.of(lessons);
    }
    var order = new BatchOrder(seed, lessons.size());
    var shuffled = IntStream.range(0, lessons.size()).mapToObj(i -> lessons.get((int) order.row(epoch, i))).toList();
    var parts = new ArrayList<List<Lesson>>();
    for (int i = 0; i < n; i++) {
      var part = shuffled.subList((int) ((long) lessons.size() * i / n), (int) ((long) lessons.size() * (i + 1) / n));
      if (!part.isEmpty()) {
        parts.add(part);
      }
    }
    return parts;
  }
}
