package org.jtorch.observe;

/// Hears what happens in a run. Every method does nothing unless overridden; a trainer calls them from its own thread.
public interface StepListener extends AutoCloseable {
  default void onStart(RunStart start) {}

  default void onStep(StepEvent step) {}

  default void onEval(EvalEvent eval) {}

  default void onSave(SaveEvent save) {}

  /// Something a reader should know that fits no other event, as one line of text.
  default void onNote(String note) {}

  default void onEnd(RunEnd end) {}

  /// Releases files; called once, after the last event.
  @Override
  default void close() {}
}
