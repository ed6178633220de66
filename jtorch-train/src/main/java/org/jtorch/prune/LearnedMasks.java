package org.jtorch.prune;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.Saved;

/// Masks on a model's neurons that are learned beside its weights or alone, from a score for each neuron.
///
/// What a loop does with them in a step is what [PruneTrainer] does: [#draw] and [NeuronMasks#set] before the model runs, [#learn] after
/// its gradients are there, [#ascend] after the optimizer. Scores are float32 whatever the model's type, never decay, and have a learning
/// rate of their own ([#group]). A checkpoint keeps them as a part; where the schedules stand follows from the step.
///
/// Closing takes the masks off the model and frees the scores.
public abstract sealed class LearnedMasks extends Module implements Saved permits SoftTopKMasks, HardConcreteMasks {
  private final NeuronMasks neurons;
  private final MaskSchedule schedule;
  private final Parameter scores;

  /// @param name of the scores in checkpoints
  @SuppressWarnings("MustBeClosedChecker")     // closed with this
  LearnedMasks(Decoder model, MaskSchedule schedule, String name, double start) {
    Require.that(schedule.width() == FeedForward.width(model.config()), "width", schedule.width(),
        "that of the model's feed-forward layers", Integer.toString(FeedForward.width(model.config())));
    this.schedule = schedule;
    neurons = NeuronMasks.on(model);
    scores = parameter(name, new Init.Constant(start), neurons.layers(), neurons.width());
  }

  /// Gives the scores memory and marks them as trained.
  final void begin(Decoder model) {
    initialize(model.device(), DType.F32, Rng.of(0));
    scores().requiresGrad(true);
    neurons.requiresGrad(true);
  }

  /// What is learned: a score for each neuron. float32 `[L, F]`
  public final Tensor scores() {
    return scores.tensor();
  }

  /// Begins with other scores. `[L, F]`
  public final void startFrom(Tensor start) {
    try (var _ = Grad.off()) {
      scores().copyInPlace(start.detach());
    }
  }

  /// The scores for an optimizer: no decay, and a learning rate of their own.
  ///
  /// @param learningRate of the scores
  /// @param peak the learning rate that the optimizer is stepped with
  public final ParameterGroup group(double learningRate, double peak) {
    Require.that(learningRate > 0 && learningRate < Double.POSITIVE_INFINITY, "mask_learning_rate", learningRate, "above 0", "0.05");
    return new ParameterGroup(trained(), 0, learningRate / peak);
  }

  /// What has gradients.
  final List<Parameter> trained() {
    return List.of(scores);
  }

  /// The masks on the model.
  public final NeuronMasks neurons() {
    return neurons;
  }

  public final MaskSchedule schedule() {
    return schedule;
  }

  /// The masks of a training step, differentiable in the scores. float32 `[L, F]`
  ///
  /// @param step counted from 0
  public abstract Tensor draw(long step);

  /// The same without chance, for validation and slicing. float32 `[L, F]`
  public abstract Tensor settled(long step);

  /// Adds this step's gradients to those of the scores: what arrived at the masks, and what holds their sum where it must be held.
  ///
  /// @param z what [#draw] answered
  /// @param share of what does not come from the batch: 1 / the number of processes that sum their gradients
  public void learn(Tensor z, long step, double share) {
    z.backward(neurons.takeGradient());
  }

  /// What moves against the loss, after the optimizer has moved along it.
  public void ascend(long step) {}

  /// What a log says of a step: the target and what the masks on the model leave.
  public SequencedMap<String, Double> figures(long step) {
    var figures = new LinkedHashMap<String, Double>();
    try (var _ = TensorScope.open()) {
      double left = neurons.values().sum().item() / neurons.layers();
      figures.put("mask_target", schedule.target(step));
      figures.put("mask_sum", left);
      figures.put("sparsity", 1 - left / neurons.width());
    }
    return figures;
  }

  /// Puts the masks of a step on the model, without chance.
  public final void settle(long step) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      neurons.set(settled(step));
    }
  }

  /// What is left at the end of the schedule: the neurons with the best scores, times their masks.
  public final KeptNeurons kept() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return KeptNeurons.top(scores(), settled(schedule.steps()), schedule.kept());
    }
  }

  @Override public final SequencedMap<String, Tensor> tensors() {
    var map = new LinkedHashMap<String, Tensor>();
    weights().forEach((name, w) -> map.put(name, w.view()));
    return map;
  }

  /// Names for an optimizer's state: those of the model's weights and of the scores.
  public final SequencedMap<String, Weight> weightsWith(Decoder model) {
    var map = new LinkedHashMap<String, Weight>(model.weights());
    map.putAll(weights());
    return map;
  }

  @Override public void close() {
    neurons.close();
    super.close();
  }
}
