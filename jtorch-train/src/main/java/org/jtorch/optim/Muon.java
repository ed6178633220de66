package org.jtorch.optim;

import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Muon (Jordan et al. 2024; arXiv:2502.16982, section 2.1): momentum whose singular values are all brought near 1, for matrices.
///
/// `B ← μ B + (1 − μ) G`, `U = G + μ (B − G)` (Nesterov) or B, `W ← W (1 − ηλ) − η r orthogonal(U)`. The orthogonal factor comes
/// from five quintic Newton–Schulz steps, in the model's type: bf16 products for a model in bf16, as `torch.optim.Muon` makes them
/// always. Weights that a model stacks in one parameter (q, k and v; gate and up) are made orthogonal one by one.
/// State: `momentum_buffer`, and `master` for half precision.
public final class Muon extends MasterOptimizer {
  /// How the step grows with a matrix's shape `[A, B]`.
  public enum Adjust {
    /// `√max(1, A/B)`: the first definition's.
    ORIGINAL {
      @Override double factor(long A, long B) {
        return Math.sqrt(Math.max(1, (double) A / B));
      }
    },
    /// `0.2 √max(A, B)`: updates as large as AdamW's, so that both share learning rate and decay (arXiv:2502.16982, eq. 4).
    MATCH_RMS_ADAMW {
      @Override double factor(long A, long B) {
        return 0.2 * Math.sqrt(Math.max(A, B));
      }
    };

    abstract double factor(long A, long B);
  }

  /// @param momentum μ, in `[0, 1)`
  /// @param steps of Newton–Schulz
  public record Options(double momentum, boolean nesterov, int steps, Adjust adjust) {
    /// What language models are trained with, beside AdamW and with its learning rate.
    public static final Options DEFAULT = new Options(0.95, true, 5, Adjust.MATCH_RMS_ADAMW);

    public Options {
      Require.rate("momentum", momentum, "0.95");
      Require.that(steps >= 1, "steps", steps, "at least 1", "5");
    }
  }

  private final Options options;
  private final List<Tensor> buffers;

  private Muon(List<ParameterGroup> groups, Options options) {
    super(groups);
    this.options = options;
    for (var slot : slots()) {
      Require.that(slot.parameter.shape().length == 2, "a parameter", ParameterGroups.describe(slot.parameter),
          "a matrix", "what decoder.projections() lists; the others are AdamW's");
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      buffers = slots().stream().map(s -> s.zeros("momentum_buffer")).toList();
    }
  }

  /// An optimizer over groups of matrices that may differ in decay and learning rate.
  public static Muon over(List<ParameterGroup> groups, Options options) {
    return new Muon(groups, options);
  }

  /// Muon for a model's inner matrices, AdamW for the rest: embeddings, head, norms, biases and stacks of experts.
  ///
  /// @param matrices the layers' matrices, see [org.jtorch.decoder.Decoder#projections]
  public static Optimizer withAdamW(List<Parameter> parameters, Collection<Parameter> matrices, double weightDecay, Options options,
      AdamW.Options adam) {
    var inner = Collections.<Parameter>newSetFromMap(new IdentityHashMap<>());
    matrices.stream().filter(p -> p.shape().length == 2).forEach(inner::add);
    var mine = parameters.stream().filter(inner::contains).toList();
    var others = parameters.stream().filter(p -> !inner.contains(p)).toList();
    return new JointOptimizer(over(List.of(new ParameterGroup(mine, weightDecay)), options), AdamW.over(others, weightDecay, adam));
  }

  @Override void update(double learningRate, double scale) {
    forEachGradient(scale, (i, slot, g) -> update(slot, buffers.get(i), g, learningRate * slot.group.lrScale()));
  }

  private void update(Slot slot, Tensor buffer, Tensor g, double rate) {
    double mu = options.momentum;
    buffer.mulInPlace(mu).addInPlace(g, 1 - mu);
    Tensor u = options.nesterov ? g.mul(1 - mu).add(buffer.mul(mu)) : buffer;
    Tensor w = slot.master();
    w.mulInPlace(1 - rate * slot.group.weightDecay());
    var weights = slot.blocks(w);
    var directions = slot.blocks(u);
    for (int i = 0; i < weights.size(); i++) {
      Tensor block = weights.get(i);
      Tensor o = orthogonal(directions.get(i), options.steps, slot.parameter.tensor().dtype());
      block.addInPlace(o, -rate * options.adjust.factor(block.size(0), block.size(1)));
    }
    slot.publish();
  }

  /// A matrix with the singular vectors of `u` and singular values near 1 (0.7 to 1.2), by the iteration
  /// `X ← a X + (b A + c A²) X` with `A = X Xᵀ`, from `X = u / |u|`.
  ///
  /// @param u `[A, B]`
  /// @param type in which the products are made
  static Tensor orthogonal(Tensor u, int steps, DType type) {
    boolean tall = u.size(0) > u.size(1);
    Tensor x = (tall ? u.t() : u).div(Ops.clampMin(Ops.norm(u), 1e-7)).to(type);         // the narrow way: A is smaller
    for (int i = 0; i < steps; i++) {
      Tensor a = x.matmul(x.t());
      x = x.mul(3.4445).add(a.mul(-4.7750).add(a.matmul(a).mul(2.0315)).matmul(x));
    }
    return tall ? x.t() : x;
  }
}
