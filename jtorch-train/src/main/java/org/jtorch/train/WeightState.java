package org.jtorch.train;

import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.Tensor;

/// Weights under their own names.
record WeightState(SequencedMap<String, Weight> weights) implements Saved {
  @Override public SequencedMap<String, Tensor> tensors() {
    var map = new LinkedHashMap<String, Tensor>();
    weights.forEach((name, w) -> map.put(name, w.view()));
    return map;
  }
}
