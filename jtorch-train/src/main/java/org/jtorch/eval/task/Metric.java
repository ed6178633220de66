package org.jtorch.eval.task;

import org.jtorch.eval.stats.Estimate;

/// A figure of a task.
///
/// @param name as lm-evaluation-harness calls it where it has it: `acc`, `acc_norm`, `exact_match`, `perplexity`, `bits_per_byte`
public record Metric(String name, Kind kind, Estimate estimate) {
  /// What an item's value is.
  public enum Kind {
    /// 1 for right and 0 for wrong; more is better.
    SHARE,
    /// What a text costs in nats or bits; less is better.
    COST
  }
}
