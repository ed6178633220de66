package org.jtorch.observe;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Listeners as one listener.
public final class StepListeners {
  private StepListeners() {}

  /// A listener that hears nothing.
  public static StepListener none() {
    return new Fan(List.of());
  }

  /// Passes each event to all of them in the order given; `close` closes every one, even where one fails.
  public static StepListener all(List<? extends StepListener> listeners) {
    return new Fan(List.copyOf(listeners));
  }

  private record Fan(List<StepListener> listeners) implements StepListener {
    @Override
    public void onStart(RunStart start) {
      listeners.forEach(l -> l.onStart(start));
    }

    @Override
    public void onStep(StepEvent step) {
      listeners.forEach(l -> l.onStep(step));
    }

    @Override
    public void onEval(EvalEvent eval) {
      listeners.forEach(l -> l.onEval(eval));
    }

    @Override
    public void onSave(SaveEvent save) {
      listeners.forEach(l -> l.onSave(save));
    }

    @Override
    public void onNote(String note) {
      listeners.forEach(l -> l.onNote(note));
    }

    /// Every listener hears the end, even where one fails: the end is what closes files and lines.
    @Override
    public void onEnd(RunEnd end) {
      each(l -> l.onEnd(end));
    }

    @Override
    public void close() {
      each(StepListener::close);
    }

    private void each(Consumer<StepListener> action) {
      @Nullable RuntimeException first = null;
      for (var listener : listeners) {
        try {
          action.accept(listener);
        } catch (RuntimeException e) {
          if (first == null) {
            first = e;
          } else {
            first.addSuppressed(e);
          }
        }
      }
      if (first != null) {
        throw first;
      }
    }
  }
}
