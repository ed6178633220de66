package org.jtorch.align.policy;

/// What the sums over a mini-batch are divided by: the whole of it, over all micro-batches and processes.
///
/// @param answers that count
/// @param tokens of them
public record Totals(double answers, double tokens) {
  public Totals {
    answers = Math.max(1, answers);
    tokens = Math.max(1, tokens);
  }
}
