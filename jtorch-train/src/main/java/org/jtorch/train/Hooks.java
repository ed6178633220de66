package org.jtorch.train;

import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;
import java.util.function.Supplier;
import org.jtorch.observe.EvalEvent;
import org.jtorch.tensor.ranks.Ranks;

/// Where a loop goes besides the model.
///
/// @param evaluate validates at a step; called before the first, at every `evalEvery` and at the end
/// @param save writes a checkpoint of the given step; called at every `saveEvery`, on request and at the end
/// @param request asked after every step
public record Hooks(LongFunction<EvalEvent> evaluate, Save save, Supplier<Request> request) {
  /// Writes a checkpoint.
  @FunctionalInterface
  public interface Save {
    void at(Progress progress);
  }

  /// What is wanted of a loop after a step; of several ranks' requests the last in this order counts.
  public enum Request {
    GO_ON,
    /// A checkpoint now, beside those that are due.
    SAVE,
    /// A checkpoint now, and the end of the run.
    STOP
  }

  /// @param stop asked after every step: true saves and ends the run early
  public Hooks(LongFunction<EvalEvent> evaluate, Save save, BooleanSupplier stop) {
    this(evaluate, save, () -> stop.getAsBoolean() ? Request.STOP : Request.GO_ON);
  }

  /// The same for several ranks: all validate, the first saves, all wait for what the first does alone, and all do what any
  /// is asked for.
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
    return new Hooks(together, first, () -> Request.values()[(int) ranks.max(request.get().ordinal())[0]]);
  }
}
