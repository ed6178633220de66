package org.jtorch.train;

import org.jtorch.optim.Schedule;

/// What a run does, beside model, data, loss and optimizer; the same for every trainer.
///
/// @param steps optimizer steps of the whole run
/// @param accumulate micro-batches per step; must divide the batch's rows
/// @param learningRate the schedule's peak
/// @param clip global gradient norm above which gradients are scaled down
/// @param activationCheckpointing recompute blocks during backward instead of keeping their activations
/// @param evalEvery steps between validations, 0 for only before the first step and after the last
/// @param saveEvery steps between checkpoints, 0 for only at the end
/// @param chunkTokens tokens per chunk of the cross-entropy, 0 for automatic
public record TrainOptions(long steps, int accumulate, double learningRate, Schedule schedule, double clip,
    boolean activationCheckpointing, long evalEvery, long saveEvery, int chunkTokens, SpikeGuard.Options spikes) {
  public TrainOptions {
    positive("steps", steps);
    positive("accumulate", accumulate);
    if (!(learningRate > 0)) {
      throw new IllegalArgumentException("`learning_rate` must be > 0 but was " + learningRate + "; 3e-4 is usual");
    }
    if (!(clip > 0)) {
      throw new IllegalArgumentException("`clip` must be > 0 but was " + clip + "; 1.0 is usual");
    }
    if (evalEvery < 0 || saveEvery < 0) {
      throw new IllegalArgumentException("`eval_every` and `save_every` must be >= 0 (0: only at the end) but were "
          + evalEvery + " and " + saveEvery);
    }
  }

  private static void positive(String key, long value) {
    if (value < 1) {
      throw new IllegalArgumentException("`" + key + "` must be >= 1 but was " + value);
    }
  }

  public static TrainOptions of(long steps, double learningRate, Schedule schedule) {
    return new TrainOptions(steps, 1, learningRate, schedule, 1.0, false, 0, 0, 0, SpikeGuard.Options.DEFAULT);
  }

  public TrainOptions withSteps(long n) {
    return new TrainOptions(n, accumulate, learningRate, schedule, clip, activationCheckpointing, evalEvery, saveEvery, chunkTokens, spikes);
  }

  public TrainOptions withAccumulate(int n) {
    return new TrainOptions(steps, n, learningRate, schedule, clip, activationCheckpointing, evalEvery, saveEvery, chunkTokens, spikes);
  }

  public TrainOptions withActivationCheckpointing(boolean on) {
    return new TrainOptions(steps, accumulate, learningRate, schedule, clip, on, evalEvery, saveEvery, chunkTokens, spikes);
  }

  public TrainOptions withEvery(long eval, long save) {
    return new TrainOptions(steps, accumulate, learningRate, schedule, clip, activationCheckpointing, eval, save, chunkTokens, spikes);
  }
}
