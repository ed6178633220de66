package org.jtorch.train;

import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import org.jtorch.observe.EvalEvent;

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
}
