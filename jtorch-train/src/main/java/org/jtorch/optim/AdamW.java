package org.jtorch.optim;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// AdamW with PyTorch's decoupled decay: `θ ← θ(1 − ηλ) − η m̂/(√v̂ + ε)`, in one fused pass.
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
  private final Map<ParameterGroup, List<Moments>> groups = new LinkedHashMap<>();
  private final Tensor one;

  private AdamW(List<ParameterGroup> parameterGroups, Options options) {
    super(parameterGroups);
    this.options = options;
    var byGroup = new IdentityHashMap<ParameterGroup, List<Moments>>();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var slot : slots()) {
        byGroup.computeIfAbsent(slot.group, _ -> new ArrayList<>()).add(new Moments(slot, slot.zeros("exp_avg"),
            slot.zeros("exp_avg_sq"), slot.scalar("step", device())));
      }
      this.one = own(Ops.ones(DType.F32, device()));
    }
    parameterGroups.stream().filter(byGroup::containsKey).forEach(g -> groups.put(g, byGroup.get(g)));
  }

  /// An optimizer over groups that may differ in decay and learning rate.
  public static AdamW over(List<ParameterGroup> groups, Options options) {
    return new AdamW(groups, options);
  }

  /// An optimizer over all of these parameters; vectors (norms and biases) do not decay.
  public static AdamW over(List<Parameter> parameters, double weightDecay, Options options) {
    return over(ParameterGroups.byRank(parameters, weightDecay), options);
  }
}
