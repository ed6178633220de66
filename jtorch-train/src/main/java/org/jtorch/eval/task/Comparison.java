package org.jtorch.eval.task;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.eval.stats.PairedTest;

/// Two models on the same items of a task.
///
/// @param figures in the order of the task's metrics
public record Comparison(String task, List<Figure> figures) {
  /// @param test of what the items add to the metric: of a perplexity their cost in nats, each item counting once
  public record Figure(Metric first, Metric second, PairedTest test) {}

  public Comparison {
    figures = List.copyOf(figures);
  }

  /// Compares item by item: accuracies by McNemar's exact test, costs by a paired t test.
  ///
  /// @throws IllegalArgumentException if the items are not the same
  public static Comparison of(TaskResult first, TaskResult second) {
    if (!first.prompts().equals(second.prompts())) {
      throw new IllegalArgumentException("the two models were not asked the same of " + first.task() + ": the hashes of the prompts are "
          + first.prompts() + " and " + second.prompts());
    }
    var figures = new ArrayList<Figure>();
    for (var metric : first.metrics()) {
      double[] a = first.values(metric.name());
      double[] b = second.values(metric.name());
      figures.add(new Figure(metric, second.metric(metric.name()),
          metric.kind() == Metric.Kind.SHARE ? PairedTest.mcNemar(a, b) : PairedTest.t(a, b)));
    }
    return new Comparison(first.task(), figures);
  }
}
