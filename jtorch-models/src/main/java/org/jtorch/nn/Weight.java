package org.jtorch.nn;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// A weight under its name in the checkpoint: a parameter, or rows of one.
public record Weight(String name, Parameter parameter, Parameter.Part part) {
  /// `[rows, ...]`
  public long[] shape() {
    long[] shape = parameter.shape();
    shape[0] = part.rows();
    return shape;
  }

  /// The weight's memory inside its parameter.
  public Tensor view() {
    return parameter.inPieces() ? parameter.tensors().get(parameter.parts().indexOf(part)) : rows(parameter.tensor());
  }

  /// The weight's part of the gradient, or null.
  public @Nullable Tensor grad() {
    Tensor g = parameter.grad();
    return g == null ? null : rows(g);
  }

  private Tensor rows(Tensor t) {
    return part.rows() == parameter.shape()[0] ? t : t.narrow(0, part.start(), part.rows());
  }
}
