package org.jtorch.eval.task;

import java.util.List;
import java.util.stream.DoubleStream;
import org.jtorch.eval.stats.Estimate;

/// The parts of a task (MMLU's subjects) as one: every item counts the same.
public final class Pooled {
  private Pooled() {}

  /// @param parts of one kind, with accuracies
  public static TaskResult of(String task, List<TaskResult> parts) {
    var hash = new PromptHash();
    parts.forEach(p -> hash.add(p.prompts()));
    var metrics = parts.getFirst().metrics().stream().filter(m -> m.kind() == Metric.Kind.SHARE).map(m -> new Metric(m.name(), m.kind(),
        Estimate.mean(parts.stream().flatMapToDouble(p -> DoubleStream.of(p.values(m.name()))).toArray()))).toList();
    return new TaskResult(task, hash.hex(), metrics, parts.stream().flatMap(p -> p.items().stream()).toList(),
        parts.stream().mapToLong(TaskResult::tokens).sum(), parts.stream().mapToDouble(TaskResult::seconds).sum(), null);
  }
}
