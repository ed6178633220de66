package org.jtorch.nn;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// A named tensor of a module: declared with its shape, allocated when the model is initialised or loaded.
///
/// One parameter may hold several weights of the checkpoint, stacked by rows, so that they are one matrix
/// product (q, k and v; gate and up). [#parts] names them; a plain parameter has one part with an empty name.
public final class Parameter {
  /// Rows `[start, start + rows)` of the parameter are this weight of the checkpoint.
  public record Part(String name, long start, long rows) {}

  private final Init init;
  private final long[] shape;
  private final List<Part> parts;
  private @Nullable Tensor tensor;

  Parameter(Init init, List<Part> parts, long... shape) {
    this.init = init;
    this.shape = shape.clone();
    this.parts = List.copyOf(parts);
  }

  public long[] shape() {
    return shape.clone();
  }

  public long numel() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  public List<Part> parts() {
    return parts;
  }

  public Init init() {
    return init;
  }

  public boolean isAllocated() {
    return tensor != null;
  }

  /// The tensor.
  ///
  /// @throws IllegalStateException before the model is initialised or loaded
  public Tensor tensor() {
    if (tensor == null) {
      throw new IllegalStateException("this model has no weights yet: call initialize(...) or load(...) first");
    }
    return tensor;
  }

  void set(Tensor t) {
    tensor = t;
  }

  /// The gradient, or null.
  public @Nullable Tensor grad() {
    return tensor().grad();
  }
}
