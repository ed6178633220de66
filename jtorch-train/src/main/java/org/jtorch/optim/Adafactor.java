package org.jtorch.optim;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Adafactor (arXiv:1804.04235, algorithm 4) as `torch.optim.Adafactor`: the second moment of a matrix `[n, m]` is kept as n + m
/// numbers, updates are clipped by their root mean square, and the step is relative to the weights' size.
///
/// `R ← lerp(R, mean over columns of g², tᵈ)`, C likewise over rows, `V = R C / mean(R)`, `U = g / √V`,
/// `θ ← θ (1 − ηλ) − max(ε₂, RMS(θ)) min(η, 1/√t) U / max(1, RMS(U) / c)`. Vectors keep their whole second moment. A weight that a
/// model stacks with others in one parameter is a matrix of its own. State: `row`, `column` or `square`, `step`, and `master` for half precision.
public final class Adafactor extends MasterOptimizer {
  /// @param decay d, below 0: the squares' average forgets with `1 − tᵈ`
  /// @param eps1 ε₁, below which no squared gradient counts
  /// @param eps2 ε₂, the least size that weights are taken to have
  /// @param clip c
  public record Options(double decay, double eps1, double eps2, double clip) {
    /// PyTorch's: d = −0.8, ε₁ = 2⁻²³ (float32's), ε₂ = 10⁻³, c = 1.
    public static final Options DEFAULT = new Options(-0.8, Math.ulp(1f), 1e-3, 1);

    public Options {
      Require.that(decay <= 0, "decay", decay, "at most 0", "-0.8");
      Require.atLeastZero("eps1", eps1, "1e-7");
      Require.atLeastZero("eps2", eps2, "1e-3");
      Require.that(clip >= 1, "clip", clip, "at least 1", "1");
    }
  }

  private record Moments(@Nullable Tensor row, @Nullable Tensor column, @Nullable Tensor square, Tensor step) {}

  private final Options options;
  private final List<Moments> moments;

  private Adafactor(List<ParameterGroup> groups, Options options) {
    super(groups);
    this.options = options;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      moments = slots().stream().map(this::begin).toList();
    }
  }

  private Moments begin(Slot slot) {
    long[] shape = slot.parameter.shape();
    int dim = shape.length;
    Tensor step = slot.scalar("step", Device.CPU);
    if (dim < 2) {
      return new Moments(null, null, slot.zeros("square"), step);
    }
    long[] row = shape.clone();
    row[dim - 1] = 1;
    long[] column = shape.clone();
    column[dim - 2] = dim == 2 ? slot.parameter.parts().size() : 1;                          // one for each stacked weight
    return new Moments(slot.put("row", Ops.zeros(DType.F32, device(), row)), slot.put("column", Ops.zeros(DType.F32, device(), column)),
        null, step);
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  public static Adafactor over(List<ParameterGroup> groups, Options options) {
    return new Adafactor(groups, options);
  }

  /// An optimizer over all of these parameters; vectors (norms and biases) do not decay.
  public static Adafactor over(List<Parameter> parameters, double weightDecay, Options options) {
    return over(ParameterGroups.byRank(parameters, weightDecay), options);
  }

  @Override void update(double learningRate, double scale) {
    forEachGradient(scale, (i, slot, g) -> update(slot, moments.get(i), g, learningRate * slot.group.lrScale()));
  }

  private void update(Slot slot, Moments m, Tensor gradient, double rate) {
    double t = m.step.item() + 1;
    m.step.fillInPlace(t);
    double fresh = Math.pow(t, options.decay);
    var weights = slot.blocks(slot.master());
    var gradients = slot.blocks(gradient);
    for (int i = 0; i < weights.size(); i++) {
      Tensor w = weights.get(i);
      Tensor g = gradients.get(i);
      double size = Math.max(options.eps2, rms(w));
      w.mulInPlace(1 - rate * slot.group.weightDecay());
      Tensor u = g.mul(Ops.clampMin(variance(slot, m, i, g, fresh), options.eps1 * options.eps1).rsqrt());
      w.addInPlace(u, -size * Math.min(rate, 1 / Math.sqrt(t)) / Math.max(1, rms(u) / options.clip));
    }
    slot.publish();
  }

  /// The estimate of g², after this gradient is in it.
  private Tensor variance(Slot slot, Moments m, int block, Tensor g, double fresh) {
    if (m.row == null || m.column == null) {
      return lerp(Objects.requireNonNull(m.square), g.square(), fresh);
    }
    int dim = g.dim();
    Tensor row = lerp(slot.blocks(m.row).get(block), g.square().mean(-1, true), fresh);
    Tensor column = lerp(dim == 2 ? m.column.narrow(0, block, 1) : m.column, g.square().mean(-2, true), fresh);
    return row.matmul(column).div(Ops.clampMin(row.mean(-2, true), options.eps1));
  }

  private static Tensor lerp(Tensor average, Tensor value, double fresh) {
    return average.mulInPlace(1 - fresh).addInPlace(value, fresh);
  }

  private static double rms(Tensor x) {
    return Ops.norm(x).item() / Math.sqrt(x.numel());
  }
}
