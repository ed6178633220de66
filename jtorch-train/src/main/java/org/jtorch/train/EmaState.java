package org.jtorch.train;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Ema;
import org.jtorch.tensor.Tensor;

/// Moving averages, by weight.
record EmaState(Ema ema, SequencedMap<String, Weight> weights) implements Saved {
  @Override public SequencedMap<String, Tensor> tensors() {
    List<SequencedMap<String, Tensor>> averages = ema.averages().stream().map(EmaState::named).toList();
    return ByWeight.of(ema.parameters(), averages, weights);
  }

  private static SequencedMap<String, Tensor> named(Tensor average) {
    var map = new LinkedHashMap<String, Tensor>();
    map.put("average", average);
    return map;
  }
}
