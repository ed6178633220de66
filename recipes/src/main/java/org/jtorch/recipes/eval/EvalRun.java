package org.jtorch.recipes.eval;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.task.Pooled;
import org.jtorch.eval.task.TaskResult;

/// Asks a model all items of all tasks.
public final class EvalRun {
  private EvalRun() {}

  /// Hears which task begins.
  @FunctionalInterface
  public interface Watch {
    Watch NONE = _ -> EvalProgress.NONE;

    /// @return hears how far that task is
    EvalProgress begins(String task);
  }

  /// The results of every task: of one with several parts all of them together, and behind them each part.
  public static List<TaskResult> run(List<TaskSet> tasks, EvalModel model, Watch watch) {
    var results = new ArrayList<TaskResult>();
    for (var task : tasks) {
      var parts = new ArrayList<TaskResult>();
      for (var part : task.parts()) {
        parts.add(part.run(model.text(), watch.begins(part.name())));
      }
      if (parts.size() > 1) {
        results.add(Pooled.of(task.name(), parts));
      }
      results.addAll(parts);
    }
    return results;
  }
}
