package org.jtorch.train;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Ema;

/// An average of the weights that a run goes through, in float32: which weights count is a function of the step, so that a run that was
/// killed goes on with the same average.
///
/// ```java
/// average.after(loop.step());                     // after each step
/// try (var _ = average.applied()) {               // at the end
///   evaluate(model);
/// }
/// ```
public final class WeightAverage implements AutoCloseable {
  /// Which weights count how much.
  public sealed interface Rule {
    /// `a ← d a + (1 − d) θ` after every step (arXiv:2406.16768, section 3.1, where 1 − d is μ).
    ///
    /// @param decay d, from 0 to 1
    record Moving(double decay) implements Rule {}

    /// The plain mean of the weights after the steps `first`, `first + every`, ... (Polyak averaging: arXiv:2407.21783, section 3.4.3, averages the
    /// checkpoints of annealing).
    record Mean(long first, long every) implements Rule {
      public Mean {
        if (first < 1 || every < 1) {
          throw new IllegalArgumentException("`every` and the first step of an average must be >= 1 but were " + every + " and " + first);
        }
      }

      /// How many weights count after `step` steps.
      long members(long step) {
        return step < first ? 0 : (step - first) / every + 1;
      }
    }
  }

  /// No average.
  public static final WeightAverage NONE = new WeightAverage(null, new Rule.Moving(0));

  private final @Nullable Ema ema;
  private final Rule rule;

  private WeightAverage(@Nullable Ema ema, Rule rule) {
    this.ema = ema;
    this.rule = rule;
  }

  /// An average that starts at the present weights.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the average
  public static WeightAverage of(List<Parameter> parameters, Rule rule) {
    return new WeightAverage(Ema.of(parameters, rule instanceof Rule.Moving(double decay) ? decay : 0), rule);
  }

  /// Whether there is one.
  public boolean isKept() {
    return ema != null;
  }

  /// Takes the weights after a step into the average if they count.
  ///
  /// @param step steps made so far
  public void after(long step) {
    if (ema == null) {
      return;
    }
    switch (rule) {
      case Rule.Moving _ -> ema.update();
      case Rule.Mean mean when step >= mean.first() && (step - mean.first()) % mean.every() == 0 -> {
        double n = mean.members(step);
        ema.update((n - 1) / n);
      }
      case Rule.Mean _ -> { }
    }
  }

  /// What the average is made of, in words.
  public String describe(long step) {
    return switch (rule) {
      case Rule.Moving(double decay) -> "the moving average (decay " + decay + ")";
      case Rule.Mean mean -> "the mean of " + mean.members(step) + " checkpoints";
    };
  }

  /// Puts the average into the model until the result is closed.
  @MustBeClosed
  public Ema.Applied applied() {
    return kept().applied();
  }

  /// The average as a part of a checkpoint.
  public Saved saved(SequencedMap<String, Weight> weights) {
    return Saved.of(kept(), weights);
  }

  private Ema kept() {
    return Objects.requireNonNull(ema, "no average is kept");
  }

  @Override public void close() {
    if (ema != null) {
      ema.close();
    }
  }
}
