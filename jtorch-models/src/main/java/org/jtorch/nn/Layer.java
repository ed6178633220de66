package org.jtorch.nn;

import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A module from tensor to tensor. [#apply] opens a scope, so that what `forward` makes on the way dies with
/// the call and model code never mentions memory.
public abstract class Layer extends Module {
  public final Tensor apply(Tensor x, Pass pass) {
    try (var scope = TensorScope.open()) {
      return scope.promote(forward(x, pass));
    }
  }

  /// The layer with an empty [Pass]: no cache, no tape, positions from 0.
  public final Tensor apply(Tensor x) {
    return apply(x, Pass.EMPTY);
  }

  protected abstract Tensor forward(Tensor x, Pass pass);
}
