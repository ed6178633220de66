package org.jtorch.eval.task;

import org.jtorch.eval.EvalProgress;

/// An evaluation: items that a model is asked, and the figures that its answers add up to.
public sealed interface EvalTask permits ChoiceTask, CompletionTask, WritingTask, TextTask, NeedleTask {
  String name();

  /// How many items it has.
  int size();

  /// About how many tokens a model reads and writes for it, nothing shared.
  double tokens();

  /// Characters of a token, about.
  double PER_TOKEN = 4;

  /// Asks the model every item.
  TaskResult run(TextModel model, EvalProgress progress);
}
