package org.jtorch.align.check;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;

/// 1 for an answer that is the solution word for word, else 0. White space at both ends never counts.
///
/// @param ignored what else does not count
public record ExactMatch(Set<Ignored> ignored) implements Reward {
  /// Differences that may be overlooked.
  public enum Ignored {
    /// `Paris` is `paris`.
    CASE,
    /// Runs of white space are one space.
    SPACE,
    /// Everything that is neither a letter, nor a digit, nor white space.
    PUNCTUATION,
    /// `a`, `an` and `the`, as SQuAD's evaluation does (arXiv:1606.05250).
    ARTICLES;

    String without(String text) {
      return switch (this) {
        case CASE -> text.toLowerCase(Locale.ROOT);
        case SPACE -> text.replaceAll("(?U)\\s+", " ");
        case PUNCTUATION -> text.replaceAll("[^\\p{L}\\p{M}\\p{N}\\s]", "");
        case ARTICLES -> text.replaceAll("(?iU)\\b(a|an|the)\\b\\s*", "");
      };
    }
  }

  public ExactMatch {
    ignored = Set.copyOf(ignored);
  }

  @Override public double[] of(List<Answer> answers) {
    return Judging.bySolution(answers, (answer, solution) -> plain(answer).equals(plain(solution)));
  }

  private String plain(String text) {
    String plain = text.strip();
    for (var each : Ignored.values()) {                                       // in the order of the enum: punctuation before articles
      plain = ignored.contains(each) ? each.without(plain) : plain;
    }
    return plain.strip();
  }
}
