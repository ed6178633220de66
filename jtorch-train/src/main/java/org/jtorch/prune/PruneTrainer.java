package org.jtorch.prune;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import org.jtorch.data.Batch;
import org.jtorch.data.BatchSource;
import org.jtorch.decoder.CausalLm;
import org.jtorch.nn.Parameter;
import org.jtorch.observe.StepListener;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchLoss;
import org.jtorch.train.CommonStart;
import org.jtorch.train.Hooks;
import org.jtorch.train.Pretrainer;
import org.jtorch.train.Progress;
import org.jtorch.train.SpikeGuard;
import org.jtorch.train.StepLoop;
import org.jtorch.train.StepLoss;
import org.jtorch.train.StepUpdate;
import org.jtorch.train.TrainOptions;

/// Learns which neurons of a model can go, on the loss that it was trained with: AFM's structural pruning (arXiv:2407.21075, section 3.2).
/// The loop is [#fit]; it differs from the pretrainer's in the masks that are drawn before a batch and learn after it.
///
/// ```java
/// try (var masks = SoftTopKMasks.on(model, new MaskSchedule(steps, 1_536, 512));
///      var optimizer = AdamW.over(List.of(masks.group(0.2, options.learningRate())), AdamW.Options.DEFAULT)) {
///   new PruneTrainer(model, masks, optimizer, batches, options).fit(Progress.START, log, hooks);
///   KeptNeurons kept = masks.kept();                                 // for Slicing
/// }
/// ```
///
/// The optimizer has the scores' group; the model's weights learn along if it has those, too, and the model is not frozen. Validation
/// sees the masks without chance, and so does the model when the loop ends.
public final class PruneTrainer {
  private final CausalLm model;
  private final LearnedMasks masks;
  private final Optimizer optimizer;
  private final BatchSource<Batch> batches;
  private final TrainOptions options;
  private final Ranks ranks;
  private final Pretrainer loss;

  public PruneTrainer(CausalLm model, LearnedMasks masks, Optimizer optimizer, BatchSource<Batch> batches, TrainOptions options) {
    this(model, masks, optimizer, batches, options, Ranks.ALONE);
  }

  /// @param ranks the processes that share every batch, see [Pretrainer]; all draw the same masks
  public PruneTrainer(CausalLm model, LearnedMasks masks, Optimizer optimizer, BatchSource<Batch> batches, TrainOptions options,
      Ranks ranks) {
    Require.that(masks.schedule().steps() == options.steps(), "steps", masks.schedule().steps() + " of the masks' schedule",
        "those of the run", Long.toString(options.steps()));
    requireCovered(model, masks, optimizer);
    this.model = model;
    this.masks = masks;
    this.optimizer = optimizer;
    this.batches = batches;
    this.options = options;
    this.ranks = ranks;
    this.loss = new Pretrainer(model, optimizer, batches, options, ranks);
  }

  private PruneTrainer(PruneTrainer t, BatchLoss minimised) {
    model = t.model;
    masks = t.masks;
    optimizer = t.optimizer;
    batches = t.batches;
    options = t.options;
    ranks = t.ranks;
    loss = new Pretrainer(model, optimizer, batches, options, minimised, ranks);
  }

  /// The same on another loss than the next token's: a teacher's, for example.
  public PruneTrainer withLoss(BatchLoss minimised) {
    return new PruneTrainer(this, minimised);
  }

  /// Gradients that no optimizer uses up would add up from step to step.
  private static void requireCovered(CausalLm model, LearnedMasks masks, Optimizer optimizer) {
    var covered = Collections.<Parameter>newSetFromMap(new IdentityHashMap<>());
    covered.addAll(optimizer.parameters());
    if (!covered.containsAll(masks.trained())) {
      throw new IllegalArgumentException("the optimizer does not have the masks' scores: give it masks.group(...), too");
    }
    if (model.parameters().stream().anyMatch(p -> p.tensor().requiresGrad() && !covered.contains(p))) {
      throw new IllegalArgumentException("the model is trained but the optimizer does not have all its weights: freeze it by "
          + "model.requiresGrad(false), or give the optimizer groups of its parameters beside the masks'");
    }
  }

  /// Trains from `from` to the last step, or until asked to stop.
  public StepLoop.Result fit(Progress from, StepListener log, Hooks hooks) {
    CommonStart.of(ranks, from, optimizer);
    var loop = new StepLoop(options, from, log, settled(hooks), model.device(), ranks);
    var update = new StepUpdate(optimizer, options, spikes(), ranks);
    try (var ahead = batches.prefetch(from.step(), 2)) {
      loop.evaluateIfDue();
      while (loop.goesOn()) {
        StepLoss found = gradients(loop.step(), ahead.next());
        var made = update.make(loop.step(), found.loss());
        if (!made.skipped()) {
          masks.ascend(loop.step());
        }
        loop.count(found, made);
        loop.saveIfDue();
        loop.evaluateIfDue();
      }
    }
    masks.settle(loop.step());
    return loop.result();
  }

  /// Adds the gradients of a batch to those of the scores, and of the weights that are not frozen.
  private StepLoss gradients(long step, Batch batch) {
    try (var _ = TensorScope.open()) {
      Tensor z = masks.draw(step);                                      // [L, F], with the graph to the scores
      masks.neurons().set(z);
      StepLoss found = loss.gradients(batch);
      masks.learn(z, step, 1.0 / ranks.size());
      var figures = new LinkedHashMap<>(found.figures());
      figures.putAll(masks.figures(step));
      return new StepLoss(found.loss(), found.tokens(), figures);
    }
  }

  private Hooks settled(Hooks hooks) {
    return new Hooks(step -> {
      masks.settle(step);
      return hooks.evaluate().apply(step);
    }, hooks.save(), hooks.request());
  }

  /// The spike guard's memory, for checkpoints.
  public SpikeGuard spikes() {
    return loss.spikes();
  }
}
