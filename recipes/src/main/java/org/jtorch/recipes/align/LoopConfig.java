package org.jtorch.recipes.align;

import org.jspecify.annotations.Nullable;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.pretrain.ScheduleConfig;
import org.jtorch.recipes.run.Eval;
import org.jtorch.recipes.run.Save;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.TrainOptions;

/// The loop of a run on chats.
public record LoopConfig(
    @Doc("steps of the run; it ends with the first of steps and epochs that is given and reached") @Nullable Long steps,
    @Doc("passes over the examples") @Nullable Double epochs,
    @Doc("rows (of dpo: pairs) per step, over all micro-batches") int batch,
    @Doc("micro-batches per step") @Default("1") int accumulate,
    @Doc("the schedule's peak") double learningRate,
    @Default("{type: cosine}") ScheduleConfig schedule,
    @Doc("global gradient norm above which gradients are scaled down") @Default("1.0") double clip,
    @Doc("recompute blocks during backward: less memory, a third more time") @Default("false") boolean activationCheckpointing) {
  public LoopConfig {
    if (steps == null && epochs == null) {
      throw new IllegalArgumentException("`steps` is missing, and so is `epochs`; give one of them, e.g. epochs: 2");
    }
    if (steps != null && steps < 1) {
      throw new IllegalArgumentException("`steps` must be >= 1 but was " + steps);
    }
    if (epochs != null && !(epochs > 0 && epochs < 1e6)) {
      throw new IllegalArgumentException("`epochs` must be above 0 but was " + epochs + "; e.g. 2");
    }
    if (batch < 1 || accumulate < 1 || batch % accumulate != 0) {
      throw new IllegalArgumentException("`accumulate` (" + accumulate + ") must divide `batch` (" + batch + "), and both must be >= 1; e.g."
          + " batch: 8, accumulate: 1");
    }
    if (!(learningRate > 0)) {
      throw new IllegalArgumentException("`learning_rate` must be > 0 but was " + learningRate + "; e.g. 1e-5");
    }
    if (!(clip > 0)) {
      throw new IllegalArgumentException("`clip` must be > 0 but was " + clip + "; e.g. 1.0");
    }
  }

  /// Steps of the run.
  ///
  /// @param rows of an epoch
  long steps(double rows) {
    double least = steps == null ? Double.MAX_VALUE : steps;
    return (long) Math.max(1, epochs == null ? least : Math.min(least, Math.ceil(epochs * rows / batch)));
  }

  TrainOptions options(long length, Eval eval, Save save) {
    return new TrainOptions(length, accumulate, learningRate, schedule.over(length), clip, activationCheckpointing, eval.every(), save.every(), 0,
        SpikeGuard.Options.DEFAULT);
  }
}
