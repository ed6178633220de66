package org.jtorch.optim;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Stochastic gradient descent with momentum, as `torch.optim.SGD`: the first momentum is the first gradient.
/// State: `momentum_buffer` and `step` (if there is momentum), and `master` for half precision.
public final class Sgd extends MasterOptimizer {
  /// Momentum, how much of each gradient is kept out of it, and Nesterov's look ahead.
  public record Options(double momentum, double dampening, boolean nesterov) {
    public static final Options PLAIN = new Options(0, 0, false);

    public Options {
      Require.atLeastZero("momentum", momentum, "0.9");
      Require.that(Double.isFinite(dampening), "dampening", dampening, "finite", "0");
      if (nesterov && (momentum == 0 || dampening != 0)) {
        throw new IllegalArgumentException("nesterov needs momentum above 0 and dampening 0, but momentum is " + momentum
            + " and dampening is " + dampening + "; for example momentum 0.9, dampening 0");
      }
    }
  }

  private record Momentum(Tensor buffer, Tensor step) {}

  private final Options options;
  private final List<Momentum> momenta;

  private Sgd(List<ParameterGroup> groups, Options options) {
    super(groups);
    this.options = options;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      momenta = options.momentum == 0 ? List.of()
          : slots().stream().map(s -> new Momentum(s.zeros("momentum_buffer"), s.scalar("step", Device.CPU))).toList();
    }
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  public static Sgd over(List<ParameterGroup> groups, Options options) {
    return new Sgd(groups, options);
  }

  /// An optimizer over all of these parameters; vectors (norms and biases) do not decay.
  public static Sgd over(List<Parameter> parameters, double weightDecay, Options options) {
    return over(ParameterGroups.byRank(parameters, weightDecay), options);
  }

  @Override void update(double learningRate, double scale) {
    for (int i = 0; i < slots().size(); i++) {
      try (var _ = TensorScope.open()) {
        var slot = slots().get(i);
        var gradient = slot.gradient();
        if (gradient != null) {
          update(slot, momenta.isEmpty() ? null : momenta.get(i), gradient, learningRate, scale);
        }
      }
    }
  }

  private void update(Slot slot, @Nullable Momentum momentum, Tensor gradient, double learningRate, double scale) {
    var buffer = momentum == null ? null : momentum.buffer.view(-1);
    boolean first = momentum != null && momentum.step.item() == 0;
    slot.update(gradient, scratch(), (weights, g, from, length) -> {
      var d = scale == 1 ? g : g.mul(scale);
      if (slot.group.weightDecay() != 0) {
        d = d.add(weights.mul(slot.group.weightDecay()));
      }
      var direction = buffer == null ? d : push(buffer.narrow(0, from, length), d, first);
      weights.addInPlace(direction, -learningRate * slot.group.lrScale());
    });
    if (momentum != null) {
      momentum.step.fillInPlace(momentum.step.item() + 1);
    }
  }

  private Tensor push(Tensor buffer, Tensor d, boolean first) {
    if (first) {
      buffer.copyInPlace(d);
    } else {
      buffer.mulInPlace(options.momentum).addInPlace(d, 1 - options.dampening);
    }
    return options.nesterov ? d.add(buffer.mul(options.momentum)) : buffer;
  }
}
