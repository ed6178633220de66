package org.jtorch.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.io.JsonFile;
import org.jtorch.nn.Weight;
import org.jtorch.optim.Optimizer;
import org.jtorch.tensor.Tensor;

/// What an optimizer remembers, by weight.
record OptimizerState(Optimizer optimizer, SequencedMap<String, Weight> weights) implements Saved {
  @Override public SequencedMap<String, Tensor> tensors() {
    List<SequencedMap<String, Tensor>> states = new ArrayList<>();
    optimizer.parameters().forEach(_ -> states.add(new LinkedHashMap<>()));
    optimizer.state().forEach((name, t) -> {
      int dot = name.indexOf('.');
      states.get(Integer.parseInt(name.substring(0, dot))).put(name.substring(dot + 1), t);
    });
    return ByWeight.of(optimizer.parameters(), states, weights);
  }

  @Override public void restore(JsonFile facts) {
    optimizer.zeroGrad();
  }
}
