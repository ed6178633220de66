package org.jtorch.align.committee;

import java.util.ArrayList;
import java.util.List;

/// All of iTeC as one loop (AFM, arXiv:2407.21075, section 4.2.1): in each round a committee answers and is judged, the reward model learns from all
/// judgements so far, candidates learn in several ways, the best of them and of earlier rounds are the next committee, and what is best in their
/// answers is distilled into the next model.
///
/// ```java
/// String taught = new TeachingRounds<>(work).run(sft, List.of(sft, other), 3);
/// ```
///
/// In a recipe the same is a group of stages that is repeated.
///
/// @param <M> what names a model
/// @param <R> what names a reward model
/// @param <P> what names judged pairs
public record TeachingRounds<M, R, P>(Work<M, R, P> work) {
  /// What is done in a round. Rounds count from 1.
  public interface Work<M, R, P> {
    /// Judged pairs of answers of the committee's members.
    P collect(int round, List<M> committee);

    /// A reward model that learned from all judged pairs so far.
    R judge(int round, List<P> pairs);

    /// Models that learned in several ways from the base: by imitation, by rejection sampling, from preferences, by policy optimisation.
    List<M> candidates(int round, M base, R judge, List<P> pairs);

    /// The next committee, of candidates and earlier members, without repetitions.
    List<M> choose(int round, R judge, List<M> among);

    /// The base, taught by the committee's best answers as this round's reward model sees them.
    M distil(int round, R judge, List<M> committee, M base);
  }

  /// @param first the fine-tuned model with which it begins
  /// @param models the first committee; AFM's is that model alone, but pairs need two
  /// @return what the last committee taught
  public M run(M first, List<M> models, int rounds) {
    if (rounds < 1) {
      throw new IllegalArgumentException("`rounds` must be >= 1 but was " + rounds + "; e.g. 3");
    }
    M base = first;
    var committee = List.copyOf(models);
    var pairs = new ArrayList<P>();
    for (int t = 1; t <= rounds; t++) {
      pairs.add(work.collect(t, committee));                                        // 1 collect
      R judge = work.judge(t, List.copyOf(pairs));                                  // 2 refresh the reward model
      var among = new ArrayList<M>(committee);
      work.candidates(t, base, judge, List.copyOf(pairs)).stream().filter(m -> !among.contains(m)).forEach(among::add);      // 3 train candidates
      committee = List.copyOf(work.choose(t, judge, List.copyOf(among)));           // 4 new committee
      base = work.distil(t, judge, committee, base);                                // 5 distil
    }
    return base;
  }
}
