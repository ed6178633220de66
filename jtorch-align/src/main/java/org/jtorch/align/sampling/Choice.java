package org.jtorch.align.sampling;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jtorch.align.check.MathAnswer;
import org.jtorch.align.rollout.Prompt;

/// A prompt's answers, and which of them won.
///
/// @param number of the prompt, counted from 0
/// @param best the answer that is kept, or -1
/// @param worst the judged answer with the least reward, if that is less than the best one's; else -1
/// @param why in words
record Choice(long number, Prompt prompt, List<Sample> samples, int best, int worst, String why) {
  static final int NONE = -1;

  Choice {
    samples = List.copyOf(samples);
  }

  boolean isKept() {
    return best != NONE;
  }

  static Choice skipped(long number, Prompt prompt, String why) {
    return new Choice(number, prompt, List.of(), NONE, NONE, why);
  }

  /// Drops what says nothing, did not stop, or repeats an earlier answer.
  static List<Sample> distinct(List<Sample> samples, boolean complete) {
    var seen = new HashMap<String, Integer>();
    var left = new ArrayList<Sample>();
    for (int i = 0; i < samples.size(); i++) {
      var sample = samples.get(i);
      if (sample.text().isEmpty()) {
        left.add(sample.because("is empty"));
      } else if (complete && !sample.answer().isComplete()) {
        left.add(sample.because("did not stop"));
      } else {
        Integer before = seen.putIfAbsent(sample.text(), i);
        left.add(before == null ? sample : sample.because("repeats answer " + before));
      }
    }
    return left;
  }

  /// Drops what a checker does not pass.
  static Sample checked(Sample sample, Checker checker, double value) {
    var judged = sample.worth(checker.name(), value);
    return value >= checker.atLeast() || !sample.isLeft() ? judged
        : judged.because(Double.isNaN(value) ? checker.name() + " cannot judge it" : "%s %s < %s".formatted(checker.name(), value, checker.atLeast()));
  }

  /// Drops what does not come to the result that most come to. Repetitions vote, too: they are draws of their own.
  static List<Sample> agreeing(List<Sample> samples, double share) {
    var votes = new LinkedHashMap<String, Integer>();
    samples.stream().filter(s -> !s.text().isEmpty()).forEach(s -> votes.merge(MathAnswer.key(s.text()), 1, Integer::sum));
    String most = votes.entrySet().stream().reduce((a, b) -> b.getValue() > a.getValue() ? b : a).map(Map.Entry::getKey).orElse("");
    int count = votes.getOrDefault(most, 0);
    boolean enough = !most.isEmpty() && count >= share * samples.size();
    return samples.stream().map(s -> {
      boolean agrees = enough && MathAnswer.key(s.text()).equals(most);
      var judged = s.isLeft() ? s.worth("agreement", agrees ? 1 : 0) : s;
      return agrees || !s.isLeft() ? judged : judged.because(enough ? "comes to another result than " + count + " answers" : "too few answers agree");
    }).toList();
  }

  /// The best of what is left, the first of equal ones; the worst of all that were judged.
  static Choice of(long number, Prompt prompt, List<Sample> samples, double threshold) {
    var judged = samples.stream().map(s -> s.isLeft() && Double.isNaN(s.total()) ? s.because("cannot be judged") : s).toList();
    int best = NONE;
    int worst = NONE;
    for (int i = 0; i < judged.size(); i++) {
      double total = judged.get(i).total();
      if (judged.get(i).isLeft() && (best == NONE || total > judged.get(best).total())) {
        best = i;
      }
      if (!Double.isNaN(total) && (worst == NONE || total < judged.get(worst).total())) {
        worst = i;
      }
    }
    if (best == NONE) {
      return new Choice(number, prompt, judged, NONE, NONE, "none of " + judged.size() + " answers is left: " + reasons(judged));
    }
    double reward = judged.get(best).total();
    if (reward < threshold) {
      return new Choice(number, prompt, judged, NONE, NONE, "the best reward, " + reward + ", is below the threshold, " + threshold);
    }
    long left = judged.stream().filter(Sample::isLeft).count();
    boolean apart = judged.get(worst).total() < reward;
    return new Choice(number, prompt, judged, best, apart ? worst : NONE, "reward " + reward + ", the best of " + left + " of " + judged.size() + " answers");
  }

  private static String reasons(List<Sample> samples) {
    Map<String, Long> counts = samples.stream().filter(s -> s.dropped() != null).collect(Collectors.groupingBy(
        s -> String.valueOf(s.dropped()).replaceFirst("^repeats answer.*", "repeats another"), LinkedHashMap::new, Collectors.counting()));
    return counts.entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).collect(Collectors.joining(", "));
  }
}
