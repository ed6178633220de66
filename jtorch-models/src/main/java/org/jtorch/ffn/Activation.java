package org.jtorch.ffn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.GatedPass;

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

  /// The fused pass for this activation times another tensor, or null if there is none.
  GatedPass.@Nullable Gate gate() {
    return switch (this) {
      case SILU -> GatedPass.Gate.SILU;
      case GELU_TANH -> GatedPass.Gate.GELU_TANH;
      case GELU -> null;
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
