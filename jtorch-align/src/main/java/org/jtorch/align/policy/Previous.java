package org.jtorch.align.policy;

import com.google.errorprone.annotations.MustBeClosed;
import org.jtorch.align.PolicyCopy;
import org.jtorch.decoder.Decoder;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;

/// The policy as it was when a step began.
///
/// @param policy the one that learns
/// @param model the copy
record Previous(Decoder policy, Decoder model) implements AutoCloseable {
  @MustBeClosed
  @SuppressWarnings("MustBeClosedChecker")                       // ownership passes to the caller
  static Previous of(Decoder policy) {
    return new Previous(policy, PolicyCopy.of(policy));
  }

  void renew() {
    var from = policy.parameters();
    var to = model.parameters();
    try (var _ = Grad.off(); var _ = TensorScope.open()) {
      for (int i = 0; i < to.size(); i++) {
        var _ = to.get(i).tensor().detach().copyInPlace(from.get(i).tensor().detach());
      }
    }
  }

  @Override public void close() {
    model.close();
  }
}
