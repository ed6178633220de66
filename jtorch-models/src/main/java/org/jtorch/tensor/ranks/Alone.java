package org.jtorch.tensor.ranks;

import java.util.List;
import org.jtorch.tensor.Tensor;

/// One process.
record Alone() implements Ranks {
  @Override public int rank() {
    return 0;
  }

  @Override public int size() {
    return 1;
  }

  @Override public int localRank() {
    return 0;
  }

  @Override public void sum(List<Tensor> tensors) {}

  @Override public double[] sum(double... values) {
    return values.clone();
  }

  @Override public double[] max(double... values) {
    return values.clone();
  }

  @Override public void broadcast(List<Tensor> tensors, int from) {}

  @Override public double[] ofFirst(double... values) {
    return values.clone();
  }

  @Override public void barrier() {}

  @Override public void close() {}
}
