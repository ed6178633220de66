package org.jtorch.eval.needle;

import java.util.List;

/// A haystack with a question about its needle.
///
/// @param prompt tokens: haystack, needle and question
/// @param answers tokens of all answers that the question may have
/// @param gold which of them the needle gives
@SuppressWarnings("ArrayRecordComponent")     // never compared
public record NeedleItem(long[] prompt, List<long[]> answers, int gold) {
  public NeedleItem {
    answers = List.copyOf(answers);
    if (gold < 0 || gold >= answers.size()) {
      throw new IllegalArgumentException("`gold` must be one of the " + answers.size() + " answers, from 0, but was " + gold);
    }
  }
}
