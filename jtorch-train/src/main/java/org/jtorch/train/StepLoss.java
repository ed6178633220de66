package org.jtorch.train;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.stream.DoubleStream;
import org.jtorch.tensor.ranks.Ranks;

/// What the forward and backward passes of a step found.
///
/// @param loss the mean over what was trained on
/// @param tokens how many tokens that were
/// @param figures what else the trainer reports of this step, by name in snake case
public record StepLoss(double loss, long tokens, SequencedMap<String, Double> figures) {
  public StepLoss(double loss, long tokens) {
    this(loss, tokens, Collections.emptyNavigableMap());
  }

  /// The same of all ranks' rows: the sum of what each found of its own, already divided by the whole batch. `tokens` are
  /// those of the whole batch before and after.
  public StepLoss sum(Ranks ranks) {
    if (ranks.size() == 1) {
      return this;
    }
    double[] mine = DoubleStream.concat(DoubleStream.of(loss), figures.values().stream().mapToDouble(d -> d)).toArray();
    double[] all = ranks.sum(mine);
    var summed = new LinkedHashMap<String, Double>();
    figures.sequencedKeySet().forEach(name -> summed.put(name, all[summed.size() + 1]));
    return new StepLoss(all[0], tokens, summed);
  }
}
