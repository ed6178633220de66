package org.jtorch.align.rollout;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/// Several rewards as one, each with a weight and a curve of its own.
public record RewardSum(List<Part> parts) implements Reward {
  /// @param name of its curve, `reward_<name>`
  public record Part(String name, double weight, Reward reward) {
    public Part {
      if (!Double.isFinite(weight)) {
        throw new IllegalArgumentException("`weight` of the reward \"" + name + "\" must be a number but was " + weight + "; 1 is usual");
      }
    }
  }

  public RewardSum {
    parts = List.copyOf(parts);
    if (parts.isEmpty()) {
      throw new IllegalArgumentException("there is no reward; give one at least");
    }
    if (parts.stream().map(Part::name).distinct().count() < parts.size()) {
      throw new IllegalArgumentException("two rewards have one name: " + parts.stream().map(Part::name).toList() + "; name them apart");
    }
  }

  /// One reward alone.
  public static RewardSum of(String name, Reward reward) {
    return new RewardSum(List.of(new Part(name, 1, reward)));
  }

  /// What each part says, without its weight.
  ///
  /// @throws IllegalArgumentException if one does not say as many numbers as there are answers
  public SequencedMap<String, double[]> each(List<Answer> answers) {
    var found = new LinkedHashMap<String, double[]>();
    for (var part : parts) {
      double[] values = part.reward.of(answers);
      if (values.length != answers.size()) {
        throw new IllegalArgumentException("the reward \"" + part.name + "\" judged " + values.length + " of " + answers.size()
            + " answers; give one number for each, NaN for what cannot be judged");
      }
      found.put(part.name, values);
    }
    return found;
  }

  /// The weighted sum of what the parts said.
  public double[] total(SequencedMap<String, double[]> each) {
    double[] sum = new double[each.firstEntry().getValue().length];
    for (var part : parts) {
      double[] values = Objects.requireNonNull(each.get(part.name), part.name);
      for (int i = 0; i < sum.length; i++) {
        sum[i] += part.weight * values[i];
      }
    }
    return sum;
  }

  @Override public double[] of(List<Answer> answers) {
    return total(each(answers));
  }
}
