package org.jtorch.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// AdamW (arXiv:1711.05101, algorithm 2) with PyTorch's decoupled decay: `θ ← θ(1 − ηλ) − η m̂/(√v̂ + ε)`, in one fused pass.
///
/// Half-precision parameters have float32 master weights and moments: 12 bytes a parameter. Float32 parameters
/// are their own masters: 8 bytes. State: `exp_avg`, `exp_avg_sq`, `step`, and `master` for half precision.
public final class AdamW extends MasterOptimizer {
  /// Decay rates of both moments, and what keeps the division finite.
  public record Options(double beta1, double beta2, double eps) {
    /// What language models are trained with: 0.9, 0.95, 1e-8.
    public static final Options DEFAULT = new Options(0.9, 0.95, 1e-8);

    public Options {
      Require.rate("beta1", beta1, "0.9");
      Require.rate("beta2", beta2, "0.95");
      Require.atLeastZero("eps", eps, "1e-8");
    }
  }

  private record Moments(Slot slot, Tensor average, Tensor square, Tensor step) {}

  private final Options options;
  private final List<Moments> moments;
  /// Each parameter's count of steps, side by side. float32 `[n]`
  private final Tensor steps;
  private final Tensor one;

  private AdamW(List<ParameterGroup> groups, Options options) {
    super(groups);
    this.options = options;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      steps = own(Ops.zeros(DType.F32, device(), slots().size()));
      moments = IntStream.range(0, slots().size()).mapToObj(this::begin).toList();
      one = own(Ops.ones(DType.F32, device()));
    }
  }

  private Moments begin(int i) {
    var slot = slots().get(i);
    return new Moments(slot, slot.zeros("exp_avg"), slot.zeros("exp_avg_sq"), slot.put("step", steps.select(0, i)));
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  public static AdamW over(List<ParameterGroup> groups, Options options) {
    return new AdamW(groups, options);
  }

  /// An optimizer over all of these parameters; vectors (norms and biases) do not decay.
  public static AdamW over(List<Parameter> parameters, double weightDecay, Options options) {
    return over(ParameterGroups.byRank(parameters, weightDecay), options);
  }

  @Override void update(double learningRate, double scale) {
    var divisor = scale == 1 ? null : Ops.full(1 / scale, DType.F32, device());
    var batch = new Batch(learningRate, divisor);
    count();
    for (var m : moments) {
      var gradient = m.slot.gradient();
      if (gradient == null) {
        continue;
      }
      if (m.slot.isHalf() && !Pieces.together(m.square)) {
        updateHalf(m, gradient, learningRate, divisor);
      } else {
        batch.add(m, gradient);
      }
    }
    batch.run();
  }

  /// Counts this step for the parameters that have a gradient.
  private void count() {
    if (moments.stream().allMatch(m -> m.slot.hasGradient())) {
      steps.addInPlace(one);
    } else {
      moments.stream().filter(m -> m.slot.hasGradient()).forEach(m -> m.step.addInPlace(one));
    }
  }

  private void updateHalf(Moments m, Tensor gradient, double learningRate, @Nullable Tensor divisor) {
    var average = m.average.view(-1);
    var square = m.square.view(-1);
    m.slot.update(gradient, scratch(), (weights, g, from, length) -> fused(m.slot.group, learningRate, divisor, List.of(weights),
        List.of(g), List.of(average.narrow(0, from, length)), List.of(square.narrow(0, from, length)), List.of(m.step)));
  }

  private void fused(ParameterGroup group, double learningRate, @Nullable Tensor divisor, List<Tensor> weights,
      List<Tensor> gradients, List<Tensor> averages, List<Tensor> squares, List<Tensor> steps) {
    Fused.adamW(weights, gradients, averages, squares, steps, learningRate * group.lrScale(), options.beta1, options.beta2,
        group.weightDecay(), options.eps, divisor);
  }

  /// Parameters of one group, updated by one call: those in float32, and where launches cost more than memory traffic also
  /// those in half precision, with float32 copies of their gradients.
  private final class Batch {
    private final double learningRate;
    private final @Nullable Tensor divisor;
    private final List<Moments> members = new ArrayList<>();
    private final List<Tensor> gradients = new ArrayList<>();
    private long copied;

    Batch(double learningRate, @Nullable Tensor divisor) {
      this.learningRate = learningRate;
      this.divisor = divisor;
    }

    void add(Moments m, Tensor gradient) {
      long copy = gradient.dtype() == DType.F32 ? 0 : gradient.numel();
      if (!members.isEmpty() && (!members.getFirst().slot.group.equals(m.slot.group) || copied + copy > Pieces.TOGETHER)) {
        run();
      }
      members.add(m);
      gradients.add(gradient);
      copied += copy;
    }

    void run() {
      if (members.isEmpty()) {
        return;
      }
      try (var _ = TensorScope.open()) {
        fused(members.getFirst().slot.group, learningRate, divisor, members.stream().map(m -> m.slot.master()).toList(),
            precise(), members.stream().map(Moments::average).toList(), members.stream().map(Moments::square).toList(),
            members.stream().map(Moments::step).toList());
        var half = members.stream().map(Moments::slot).filter(Slot::isHalf).toList();
        Fused.copyAll(half.stream().map(s -> s.parameter.tensor()).toList(), half.stream().map(Slot::master).toList());
      }
      members.clear();
      gradients.clear();
      copied = 0;
    }

    /// The gradients in the masters' type.
    private List<Tensor> precise() {
      var half = gradients.stream().filter(g -> g.dtype().isHalf()).toList();
      var copies = half.stream().map(g -> Ops.empty(DType.F32, g.device(), g.shape())).toList();
      Fused.copyAll(copies, half);
      var next = copies.iterator();
      return gradients.stream().map(g -> g.dtype().isHalf() ? next.next() : g).toList();
    }
  }
}
