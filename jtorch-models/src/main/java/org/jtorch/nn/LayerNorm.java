package org.jtorch.nn;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `w ⊙ (x − mean) / √(var + ε) + b` over the last dimension (Ba et al. 2016, arXiv:1607.06450). weight and bias `[C]`
public final class LayerNorm extends Layer {
  private final double eps;
  private final Parameter weight;
  private final Parameter bias;

  public LayerNorm(int dim, double eps) {
    this.eps = eps;
    this.weight = parameter("weight", new Init.Constant(1), dim);
    this.bias = parameter("bias", new Init.Constant(0), dim);
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                  // [..., C]
    return pass.shared(Ops.layerNorm(x, weight.tensor(), bias.tensor(), eps));
  }
}
