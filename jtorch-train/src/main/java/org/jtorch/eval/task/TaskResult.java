package org.jtorch.eval.task;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.needle.NeedleResult;

/// What a model did on a task.
///
/// @param prompts SHA-256 over all that the model was shown, in hexadecimal: equal for equal items, template and examples
/// @param items in the task's order
/// @param tokens that went through the model
/// @param needle the table of a needle task; else null
public record TaskResult(String task, String prompts, List<Metric> metrics, List<ItemResult> items, long tokens, double seconds,
    @Nullable NeedleResult needle) {
  public TaskResult {
    metrics = List.copyOf(metrics);
    items = List.copyOf(items);
  }

  /// The metric of this name.
  ///
  /// @throws IllegalArgumentException if the task has none
  public Metric metric(String name) {
    return metrics.stream().filter(m -> m.name().equals(name)).findFirst().orElseThrow(() -> new IllegalArgumentException(
        "the task " + task + " has no metric \"" + name + "\"; its metrics are " + metrics.stream().map(Metric::name).toList()));
  }

  /// What each item adds to a metric.
  public double[] values(String metric) {
    return items.stream().mapToDouble(i -> i.values().getOrDefault(metric, Double.NaN)).toArray();
  }
}
