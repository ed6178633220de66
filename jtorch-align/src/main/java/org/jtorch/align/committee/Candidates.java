package org.jtorch.align.committee;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.align.sampling.Sampled;

/// Who is to sit on the committee: promising new models and the best of earlier rounds, ranked by what they say to held-out prompts (AFM,
/// arXiv:2407.21075, section 4.2.1).
///
/// @param answers of each candidate to each prompt, in the order of the candidates
public record Candidates(List<List<Sampled>> answers) {
  /// By what candidates are ranked.
  public enum By {
    /// The mean reward of all answers: what one draw is worth.
    MEAN,
    /// The mean reward of the best answer to each prompt: the headroom that rejection sampling and policy optimisation find.
    BEST
  }

  public Candidates {
    answers = List.copyOf(answers);
  }

  /// The mean of each candidate, over the prompts that it answered; minus infinity where it answered none.
  public double[] rewards(By by) {
    return answers.stream().mapToDouble(own -> own.stream().filter(Sampled::isKept).mapToDouble(s -> by == By.MEAN ? s.mean() : s.best())
        .average().orElse(Double.NEGATIVE_INFINITY)).toArray();
  }

  /// The indices of the best, the best first, the lowest index of equal ones.
  ///
  /// @param keep how many, at most
  public List<Integer> best(By by, int keep) {
    double[] rewards = rewards(by);
    return IntStream.range(0, rewards.length).boxed().sorted(Comparator.comparingDouble(m -> -rewards[m])).limit(keep).toList();
  }
}
