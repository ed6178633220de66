package org.jtorch.eval.task;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.needle.NeedleResult;

/// Counts tokens and time of a task while others hear of its progress.
final class Meter implements EvalProgress {
  private final EvalProgress others;
  private final long started = System.nanoTime();
  private long tokens;

  Meter(EvalProgress others) {
    this.others = others;
  }

  @Override public void at(long done, long total, long tokens) {
    this.tokens = tokens;
    others.at(done, total, tokens);
  }

  TaskResult result(String task, PromptHash prompts, List<Metric> metrics, List<ItemResult> items, @Nullable NeedleResult needle) {
    return new TaskResult(task, prompts.hex(), metrics, items, tokens, (System.nanoTime() - started) / 1e9, needle);
  }
}
