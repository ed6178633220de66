package org.jtorch.align.sampling;

import java.util.List;

/// Which answers are kept.
///
/// @param checkers that each must pass
/// @param complete whether those that were cut, because they did not stop, are dropped
/// @param agreement the share of a prompt's answers that must come to one result, which then is the right one; 0 for none. For prompts
///     without a solution: self-consistency, arXiv:2203.11171
/// @param threshold the least total reward of a best answer that is kept; minus infinity keeps all
/// @param perTopic prompts of a topic that are kept, the first ones; 0 for all
public record Criteria(List<Checker> checkers, boolean complete, double agreement, double threshold, int perTopic) {
  public static final Criteria NONE = new Criteria(List.of(), true, 0, Double.NEGATIVE_INFINITY, 0);

  public Criteria {
    checkers = List.copyOf(checkers);
    if (!(agreement >= 0 && agreement <= 1)) {
      throw new IllegalArgumentException("`agreement` must be from 0 to 1 but was " + agreement + "; 0.5 asks for half of the answers");
    }
    if (Double.isNaN(threshold)) {
      throw new IllegalArgumentException("`threshold` is no number; leave it out to keep every best answer");
    }
    if (perTopic < 0) {
      throw new IllegalArgumentException("`per_topic` must be >= 0 but was " + perTopic + "; 0 keeps all");
    }
  }
}
