package org.jtorch.train;

import org.jtorch.optim.GradClip;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.ranks.Ranks;

/// From gradients to weights, once a step: sum over the ranks, norm, spike guard, clipping, learning rate, optimizer.
///
/// @param spikes remembers from step to step which norms are usual
/// @param ranks each has the gradients of its own rows, and all make the same update
public record StepUpdate(Optimizer optimizer, TrainOptions options, SpikeGuard spikes, Ranks ranks) {
  /// For one process.
  public StepUpdate(Optimizer optimizer, TrainOptions options, SpikeGuard spikes) {
    this(optimizer, options, spikes, Ranks.ALONE);
  }

  /// @param gradNorm of all gradients together, before clipping
  /// @param skipped true if the weights are as they were
  /// @param newLevel true if gradient norms stayed so high that the spike guard takes them for usual from here on
  public record Made(double gradNorm, double learningRate, boolean skipped, boolean newLevel) {}

  /// Uses up the gradients: an update, or none where loss or norm are not finite or the norm is a spike.
  ///
  /// @param step counted from 0
  /// @throws DivergedException after too many steps in a row without an update
  public Made make(long step, double loss) {
    optimizer.sum(ranks);
    double norm = ranks.ofFirst(optimizer.gradNorm())[0];
    double rate = options.learningRate() * options.schedule().at(step);
    boolean accepted = spikes.accept(loss, norm);
    if (accepted) {
      optimizer.step(rate, GradClip.coefficient(norm, options.clip()));
    } else {
      optimizer.zeroGrad();
    }
    return new Made(norm, rate, !accepted, spikes.hasLearnt());
  }
}
