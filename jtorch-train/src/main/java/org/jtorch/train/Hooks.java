package org.jtorch.train;

import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import org.jtorch.observe.EvalEvent;
import org.jtorch.tensor.ranks.Ranks;

/// Where a loop goes besides the model.
///
/// @param evaluate validates at a step; called at every `evalEvery` and at the end
/// @param save writes a checkpoint of the given step; called at every `saveEvery`, on a stop and at the end
/// @param stop asked after every step: true saves and ends the run early
public record Hooks(LongFunction<EvalEvent> evaluate, Save save, BooleanSupplier stop) {
  /// Writes a checkpoint.
  @FunctionalInterface
  public interface Save {
    void at(Progress progress);
  }

  /// The same for several ranks: all validate, the first saves, all wait for what the first does alone, and all stop if any
  /// is asked to.
  public Hooks on(Ranks ranks) {
    if (ranks.size() == 1) {
      return this;
    }
    LongFunction<EvalEvent> together = step -> {
      var event = evaluate.apply(step);
      ranks.barrier();
      return event;
    };
    Save first = now -> {
      if (ranks.isFirst()) {
        save.at(now);
      }
      ranks.barrier();
    };
    return new Hooks(together, first, () -> ranks.max(stop.getAsBoolean() ? 1 : 0)[0] > 0);
  }
}
