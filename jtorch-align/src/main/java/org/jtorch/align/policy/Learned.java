package org.jtorch.align.policy;

import java.util.List;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// What the updates of a step came to.
///
/// @param loss of the last update, with the tokens of all
/// @param made the last one; skipped if there was none
record Learned(StepLoss loss, StepUpdate.Made made) {
  /// Adds the gradients of a mini-batch to the parameters'.
  interface Gradients {
    /// @param number of the update in the run
    StepLoss of(List<Lesson> part, long number);
  }

  /// Passes over a step's lessons, an update for each mini-batch, until the policy is too far from the one that answered.
  ///
  /// @param seed of the mini-batches
  /// @param after each update
  static Learned from(List<Lesson> lessons, long step, long seed, Updates how, StepUpdate update, Gradients gradients, Runnable after) {
    TrainOptions train = update.options();
    var learned = new Learned(new StepLoss(0, 0), new StepUpdate.Made(0, train.learningRate() * train.schedule().at(step), true, false));
    for (int epoch = 0; epoch < how.epochs(); epoch++) {
      var parts = Lessons.parts(lessons, how.miniBatches(), seed, step * how.epochs() + epoch);
      for (int i = 0; i < parts.size(); i++) {
        if (parts.get(i).isEmpty() || learned.loss.figures().getOrDefault(RolloutFigures.FARNESS, 0.0) > how.farthest()) {
          return learned;
        }
        var found = gradients.of(parts.get(i), (step * how.epochs() + epoch) * how.miniBatches() + i);
        var made = update.make(step, found.loss());
        learned = new Learned(new StepLoss(found.loss(), learned.loss.tokens() + found.tokens(), found.figures()), made);
        after.run();
      }
    }
    return learned;
  }
}
