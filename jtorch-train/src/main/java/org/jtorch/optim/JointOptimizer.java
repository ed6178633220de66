package org.jtorch.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.ranks.Ranks;

/// Several optimizers over different parameters of a model, as one: the same learning rate times each group's factor, and one
/// norm over all gradients. Closes them.
public final class JointOptimizer implements Optimizer {
  private final List<Optimizer> parts;

  public JointOptimizer(Optimizer... parts) {
    this.parts = List.of(parts);
  }

  @Override public void step(double learningRate, double scale) {
    parts.forEach(o -> o.step(learningRate, scale));
  }

  @Override public void accumulate() {
    parts.forEach(Optimizer::accumulate);
  }

  @Override public void sum(Ranks ranks) {
    parts.forEach(o -> o.sum(ranks));
  }

  @Override public double gradNorm() {
    return Math.sqrt(parts.stream().mapToDouble(Optimizer::gradNorm).map(n -> n * n).sum());
  }

  @Override public void zeroGrad() {
    parts.forEach(Optimizer::zeroGrad);
  }

  @Override public List<Parameter> parameters() {
    return parts.stream().flatMap(o -> o.parameters().stream()).toList();
  }

  @Override public SequencedMap<String, Tensor> state() {
    var all = new LinkedHashMap<String, Tensor>();
    int before = 0;
    for (var part : parts) {
      int offset = before;
      part.state().forEach((name, t) -> all.put(moved(name, offset), t));
      before += part.parameters().size();
    }
    return all;
  }

  @Override public void load(Function<String, Tensor> source) {
    int before = 0;
    for (var part : parts) {
      int offset = before;
      part.load(name -> source.apply(moved(name, offset)));
      before += part.parameters().size();
    }
  }

  /// `3.step` to `10.step` if seven parameters come before.
  private static String moved(String name, int offset) {
    int dot = name.indexOf('.');
    return Integer.parseInt(name.substring(0, dot)) + offset + name.substring(dot);
  }

  @Override public void close() {
    parts.forEach(Optimizer::close);
  }
}
