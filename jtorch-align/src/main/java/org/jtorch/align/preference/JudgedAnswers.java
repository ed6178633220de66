package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.RewardSum;
import org.jtorch.tensor.ranks.Ranks;

/// Answers with what each reward says of them, K to a prompt.
///
/// @param each reward by its name, `[answers]`
/// @param total of all rewards, NaN where one cannot judge, `[answers]`
@SuppressWarnings("ArrayRecordComponent") // never compared
record JudgedAnswers(List<Answer> answers, int k, SequencedMap<String, double[]> each, double[] total) {
  static JudgedAnswers of(List<Answer> answers, int k, RewardSum reward) {
    var each = reward.each(answers);
    return new JudgedAnswers(answers, k, each, reward.total(each));
  }

  /// The answers to a prompt.
  List<Answer> to(int prompt) {
    return answers.subList(prompt * k, (prompt + 1) * k);
  }

  /// Their rewards.
  double[] rewards(int prompt) {
    return Arrays.copyOfRange(total, prompt * k, (prompt + 1) * k);
  }

  /// Means over the answers of all ranks: `reward`, `reward_<name>` of each, `reward_lead` of a prompt's best over its worst,
  /// `answer_tokens`, the shares of answers that ended by themselves, `complete`, and that no reward could judge, `unjudged`. A mean of
  /// nothing is NaN.
  SequencedMap<String, Double> figures(Ranks ranks) {
    var values = new LinkedHashMap<String, double[]>();
    values.put("reward", total);
    each.forEach((name, one) -> values.put("reward_" + name, one));
    values.put("reward_lead", leads());
    values.put("answer_tokens", answers.stream().mapToDouble(Answer::length).toArray());
    values.put("complete", answers.stream().mapToDouble(a -> a.isComplete() ? 1 : 0).toArray());
    values.put("unjudged", Arrays.stream(total).map(r -> Double.isNaN(r) ? 1 : 0).toArray());
    return means(values, ranks);
  }

  private double[] leads() {
    double[] leads = new double[total.length / k];
    for (int i = 0; i < leads.length; i++) {
      var judged = Arrays.stream(rewards(i)).filter(r -> !Double.isNaN(r)).summaryStatistics();
      leads[i] = judged.getCount() == 0 ? Double.NaN : judged.getMax() - judged.getMin();
    }
    return leads;
  }

  /// Of each the mean over all ranks, NaN left out.
  private static SequencedMap<String, Double> means(SequencedMap<String, double[]> values, Ranks ranks) {
    var sums = new ArrayList<Double>();
    values.values().forEach(all -> {
      var known = Arrays.stream(all).filter(v -> !Double.isNaN(v)).summaryStatistics();
      sums.add(known.getSum());
      sums.add((double) known.getCount());
    });
    double[] whole = ranks.sum(sums.stream().mapToDouble(d -> d).toArray());
    var means = new LinkedHashMap<String, Double>();
    values.sequencedKeySet().forEach(name -> means.put(name, whole[2 * means.size()] / whole[2 * means.size() + 1]));
    return means;
  }
}
