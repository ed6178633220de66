package org.jtorch.optim;

import java.util.List;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// The optimizer of AFM's pretraining (arXiv:2407.21075, section 3.2): RMSProp with momentum, blocks clipped by their root mean square,
/// and a weight decay that does not depend on the learning rate. The order is AXLearn's:
///
/// `v ← β₂ v + (1 − β₂)(g² + 10⁻³⁰)`, `r = g / √(v / (1 − β₂ᵗ))`, `r ← r / max(1, RMS(r) / c)`, `u ← β₁ u + (1 − β₁) r`,
/// `θ ← θ − s (η u + λ θ)`, where the schedule s is the step's learning rate over the peak η. u is not bias-corrected. A block is one
/// weight, also where a model stacks several in a parameter. State: `square`, `momentum`, `step`, and `master` for half precision.
public final class AdaStar extends MasterOptimizer {
  /// @param beta1 β₁ of the momentum
  /// @param beta2 β₂ of the squares
  /// @param clip c: the root mean square of a block's update before momentum is at most this
  public record Options(double beta1, double beta2, double clip) {
    /// AFM's.
    public static final Options DEFAULT = new Options(0.95, 0.95, 1);

    public Options {
      Require.rate("beta1", beta1, "0.95");
      Require.rate("beta2", beta2, "0.95");
      Require.that(clip > 0, "clip", clip, "above 0", "1");
    }
  }

  private record Moments(Tensor square, Tensor momentum, Tensor step) {}

  private final double peak;
  private final Options options;
  private final List<Moments> moments;

  private AdaStar(List<ParameterGroup> groups, double peak, Options options) {
    super(groups);
    Require.that(peak > 0, "peak", peak, "above 0", "0.01");
    this.peak = peak;
    this.options = options;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      moments = slots().stream().map(s -> new Moments(s.zeros("square"), s.zeros("momentum"), s.scalar("step", Device.CPU))).toList();
    }
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  ///
  /// @param peak η, the highest learning rate of the run: the decay follows the schedule and not the rate
  public static AdaStar over(List<ParameterGroup> groups, double peak, Options options) {
    return new AdaStar(groups, peak, options);
  }

  /// An optimizer over all of these parameters; vectors (norms and biases) do not decay.
  public static AdaStar over(List<Parameter> parameters, double peak, double weightDecay, Options options) {
    return over(ParameterGroups.byRank(parameters, weightDecay), peak, options);
  }

  @Override void update(double learningRate, double scale) {
    forEachGradient(scale, (i, slot, g) -> update(slot, moments.get(i), g, learningRate / peak));
  }

  private void update(Slot slot, Moments m, Tensor g, double s) {
    m.step.fillInPlace(m.step.item() + 1);
    m.square.mulInPlace(options.beta2).addInPlace(g.square().add(1e-30), 1 - options.beta2);
    Tensor r = g.div(m.square.div(1 - Math.pow(options.beta2, m.step.item())).sqrt());
    slot.blocks(r).forEach(this::clip);
    m.momentum.mulInPlace(options.beta1).addInPlace(r, 1 - options.beta1);
    Tensor w = slot.master();
    w.mulInPlace(1 - s * slot.group.weightDecay()).addInPlace(m.momentum, -s * peak * slot.group.lrScale());
    slot.publish();
  }

  private void clip(Tensor block) {
    Tensor rms = Ops.norm(block).div(Math.sqrt(block.numel()));
    block.mulInPlace(Ops.clampMin(rms.div(options.clip), 1.0).pow(-1));
  }
}
