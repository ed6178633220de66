package org.jtorch.align.policy;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;

/// One number for each hidden state. It begins at 0, so that the first advantages are the rewards.
public final class ValueHead extends Module {
  private final Linear value;

  private ValueHead(int dim) {
    value = child("value", new Linear(dim, 1, true, new Init.Constant(0)));
  }

  /// @param dim width of the policy's hidden states
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")     // ownership passes to the caller
  public static ValueHead create(int dim, Device device, DType dtype) {
    var head = new ValueHead(dim);
    head.initialize(device, dtype, Rng.of(0));
    head.requiresGrad(true);
    return head;
  }

  /// hidden `[..., C]`; result `[..., 1]`
  public Tensor apply(Tensor hidden, Pass pass) {
    return value.apply(hidden, pass);
  }
}
