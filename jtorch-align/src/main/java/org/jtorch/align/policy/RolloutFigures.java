package org.jtorch.align.policy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;
import org.jtorch.align.rollout.RewardSum;

/// What a step's answers show, by name: the mean over the answers unless said otherwise.
public final class RolloutFigures {
  /// The weighted reward.
  public static final String REWARD = "reward";
  /// An estimate (k1) of KL(π‖reference) of an answer, in nats.
  public static final String KL = "kl";
  /// The mean over tokens of `−log π`: an estimate of the entropy.
  public static final String ENTROPY = "entropy";
  /// Tokens of an answer.
  public static final String ANSWER_TOKENS = "answer_tokens";
  /// The share that ended by itself.
  public static final String COMPLETE = "complete";
  /// The share that no reward could judge.
  public static final String UNJUDGED = "unjudged";
  /// The share of prompts whose answers are all worth the same.
  public static final String AGREEING = "agreeing";
  /// The largest difference of a token's log-probability between sampler and trainer.
  public static final String SAMPLER_GAP = "sampler_gap";
  /// The share of tokens whose gradient a clip keeps back, in the last update of the step.
  public static final String CLIPPED = "clipped";
  /// The mean over answers of `|log ρ|` in the last update of the step: how far the policy is from the one that answered.
  public static final String FARNESS = "farness";

  private RolloutFigures() {}

  /// @param k answers to a prompt
  static SequencedMap<String, Double> of(List<Experience> experiences, int k, RewardSum reward) {
    var figures = new LinkedHashMap<String, Double>();
    figures.put(REWARD, mean(experiences, Experience::reward));
    if (reward.parts().size() > 1) {
      for (int i = 0; i < reward.parts().size(); i++) {
        int part = i;
        figures.put(REWARD + "_" + reward.parts().get(i).name(), mean(experiences, e -> e.parts()[part]));
      }
    }
    if (experiences.getFirst().reference().length > 0) {
      figures.put(KL, mean(experiences, e -> e.kl(KlEstimator.K1)));
    }
    double tokens = experiences.stream().mapToInt(Experience::length).sum();
    figures.put(ENTROPY, -experiences.stream().mapToDouble(e -> sum(e.old())).sum() / tokens);
    figures.put(ANSWER_TOKENS, tokens / experiences.size());
    figures.put(COMPLETE, mean(experiences, e -> e.answer().isComplete() ? 1 : 0));
    figures.put(UNJUDGED, mean(experiences, e -> Double.isNaN(e.reward()) ? 1 : 0));
    if (k > 1) {
      figures.put(AGREEING, agreeing(experiences, k));
    }
    figures.put(SAMPLER_GAP, experiences.stream().mapToDouble(Experience::largestGap).max().orElse(0));
    return figures;
  }

  private static double agreeing(List<Experience> experiences, int k) {
    int prompts = experiences.size() / k;
    double n = 0;
    for (int i = 0; i < prompts; i++) {
      n += Experience.agree(experiences.subList(i * k, (i + 1) * k)) ? 1 : 0;
    }
    return n / prompts;
  }

  private static double mean(List<Experience> experiences, ToDoubleFunction<Experience> value) {
    return experiences.stream().mapToDouble(value).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
  }

  private static double sum(float[] values) {
    double sum = 0;
    for (float v : values) {
      sum += v;
    }
    return sum;
  }
}
