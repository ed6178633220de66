package org.jtorch.ffn;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Activation functions, with the names of `hidden_act` in checkpoints.
public enum Activation {
  SILU("silu"), GELU_TANH("gelu_pytorch_tanh"), GELU("gelu");

  private final String hfName;

  Activation(String hfName) {
    this.hfName = hfName;
  }

  public String hfName() {
    return hfName;
  }

  public Tensor apply(Tensor x) {
    return switch (this) {
      case SILU -> Ops.silu(x);
      case GELU_TANH -> Ops.geluTanh(x);
      case GELU -> Ops.gelu(x);
    };
  }

  /// The gradient into `out`. gradient and x of one shape
  void backwardInto(Tensor out, Tensor gradient, Tensor x) {
    switch (this) {
      case SILU -> Ops.siluBackwardInto(out, gradient, x);
      case GELU_TANH -> Ops.geluBackwardInto(out, gradient, x, "tanh");
      case GELU -> Ops.geluBackwardInto(out, gradient, x, "none");
    }
  }
}
