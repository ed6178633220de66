package org.jtorch.tensor;

import java.util.function.Consumer;

/// Tensors that are moved out of a scope together: a record that lists its members.
public interface TensorGroup {
  void forEachTensor(Consumer<Tensor> action);
}
