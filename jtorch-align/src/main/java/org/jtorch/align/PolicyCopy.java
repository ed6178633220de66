package org.jtorch.align;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;

/// A second model with the weights that a policy has now.
public final class PolicyCopy {
  private PolicyCopy() {}

  /// In the policy's type and on its device, without gradients; before an adapter is put on it, if there is one.
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  public static Decoder of(Decoder policy) {
    var copy = new Decoder(policy.config());
    var from = policy.parameters().iterator();
    DType type = policy.dtype();
    try (var _ = Grad.off()) {
      copy.allocate((p, _) -> of(from.next(), p, type));
    }
    return copy;
  }

  private static Tensor of(Parameter from, Parameter to, DType type) {
    var _ = to.typeIn(type);
    return from.tensor().detach().copy();
  }
}
