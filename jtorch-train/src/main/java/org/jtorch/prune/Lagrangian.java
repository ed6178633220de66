package org.jtorch.prune;

import java.util.List;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Holds quantities at their targets while a loss is minimized: `Σ λ c + φ c²`, minimal in what is trained and maximal in the
/// multipliers λ and φ (arXiv:1910.04732; Sheared LLaMA, arXiv:2310.06694).
///
/// c is by how much each quantity exceeds its target. The multipliers go up the gradient, which is c and c² themselves: no optimizer, and
/// so neither decay nor clipping, touches them. Give c as a share (of a layer's width, say), so that one rate serves all sizes.
public final class Lagrangian extends Module {
  private final Parameter lambda;
  private final Parameter phi;

  /// Declares multipliers, which begin at 0; [#initialize] gives them memory.
  ///
  /// @param constraints how many quantities are held, n
  public Lagrangian(int constraints) {
    Require.that(constraints >= 1, "constraints", constraints, "1 or above", "4");
    lambda = parameter("lambda", new Init.Constant(0), constraints);
    phi = parameter("phi", new Init.Constant(0), constraints);
  }

  /// `Σ λ c + φ c²`, differentiable in c. c `[n]`; a scalar
  public Tensor penalty(Tensor excess) {
    return excess.mul(lambda.tensor()).add(excess.square().mul(phi.tensor())).sum();
  }

  /// A step of ascent: `λ + η c` and `φ + η c²`. c `[n]`
  public void ascend(Tensor excess, double rate) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      lambda.tensor().addInPlace(excess.detach(), rate);
      phi.tensor().addInPlace(excess.detach().square(), rate);
    }
  }

  /// λ and φ. `[n]` each
  public List<Tensor> multipliers() {
    return List.of(lambda.tensor(), phi.tensor());
  }
}
