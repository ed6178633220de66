package org.jtorch.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Where a stream of random numbers stands.
record RngState(Rng rng) implements Saved {
  @Override public ObjectNode facts() {
    return Saved.super.facts().put("seed", rng.seed()).put("counter", rng.counter());
  }

  @Override public void restore(JsonFile facts) {
    try (var _ = TensorScope.open()) {
      rng.restore(Tensor.of(facts.requiredLong("seed"), facts.requiredLong("counter")));
    }
  }
}
