package org.jtorch.align.check;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.jtorch.align.rollout.Answer;

/// Answers judged one by one.
final class Judging {
  private Judging() {}

  static double[] each(List<Answer> answers, ToDoubleFunction<Answer> one) {
    return answers.stream().mapToDouble(one).toArray();
  }

  /// 1 where an answer agrees with its prompt's solution, 0 where it does not, NaN where there is none to agree with.
  static double[] bySolution(List<Answer> answers, Agreement agrees) {
    return each(answers, a -> {
      String solution = a.prompt().solution();
      return solution == null ? Double.NaN : agrees.of(a.text(), solution) ? 1 : 0;
    });
  }

  /// Whether two texts say the same.
  interface Agreement {
    boolean of(String answer, String solution);
  }
}
