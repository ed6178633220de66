package org.jtorch.optim;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// Moving averages of weights, `a ← d a + (1 − d) θ`, in float32 whatever the weights are in: bfloat16 would lose
/// every small update.
///
/// ```java
/// ema.update();                                   // after each step
/// try (var _ = ema.applied()) {
///   evaluate(model);                              // with the averages
/// }                                               // the weights are back, to the bit
/// ```
public final class Ema implements AutoCloseable {
  /// While it is open, the parameters hold the averages.
  public static final class Applied implements AutoCloseable {
    private final TensorOwner owner = new TensorOwner();
    private final List<Parameter> parameters;
    private final List<Tensor> weights = new ArrayList<>();

    private Applied(List<Parameter> parameters) {
      this.parameters = parameters;
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        parameters.forEach(p -> weights.add(owner.own(p.tensor().copy())));
      }
    }

    /// Puts the weights back.
    @Override public void close() {
      try (var _ = Grad.off()) {
        for (int i = 0; i < weights.size(); i++) {
          parameters.get(i).tensor().copyInPlace(weights.get(i));
        }
      }
      owner.close();
    }
  }

  private final TensorOwner owner = new TensorOwner();
  private final List<Parameter> parameters;
  private final List<Tensor> averages = new ArrayList<>();
  private final double decay;

  private Ema(List<Parameter> parameters, double decay) {
    Require.that(decay >= 0 && decay <= 1, "decay", decay, "in [0, 1]", "0.999");
    this.parameters = List.copyOf(parameters);
    this.decay = decay;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var p : parameters) {
        var t = p.tensor().detach();
        averages.add(owner.own(t.dtype() == DType.F32 ? t.copy() : t.to(DType.F32)));
      }
    }
  }

  /// Averages that start at the present weights.
  public static Ema of(List<Parameter> parameters, double decay) {
    return new Ema(parameters, decay);
  }

  /// Takes the present weights into the averages.
  public void update() {
    update(decay);
  }

  /// The same with another decay for this time; `n / (n + 1.0)` for n = 1, 2, ... makes the plain mean of all weights seen.
  public void update(double thisDecay) {
    for (int i = 0; i < averages.size(); i++) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var average = averages.get(i).view(-1);
        var weights = parameters.get(i).tensor().detach().view(-1);
        Pieces.of(average).forEach((from, length) -> average.narrow(0, from, length).mulInPlace(thisDecay)
            .addInPlace(weights.narrow(0, from, length).to(DType.F32), 1 - thisDecay));
      }
    }
  }

  /// What is averaged.
  public List<Parameter> parameters() {
    return parameters;
  }

  /// The averages, float32, in the order of the parameters.
  public List<Tensor> averages() {
    return List.copyOf(averages);
  }

  /// Writes the averages into the parameters, rounded to their type.
  public void copyToParameters() {
    try (var _ = Grad.off()) {
      for (int i = 0; i < averages.size(); i++) {
        parameters.get(i).tensor().copyInPlace(averages.get(i));
      }
    }
  }

  /// Puts the averages into the parameters until the result is closed.
  @MustBeClosed
  public Applied applied() {
    var applied = new Applied(parameters);
    copyToParameters();
    return applied;
  }

  /// The averages under `<index of the parameter>.average`, for checkpoints.
  public SequencedMap<String, Tensor> state() {
    var state = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < averages.size(); i++) {
      state.put(i + ".average", averages.get(i));
    }
    return state;
  }

  /// Copies saved averages into these.
  public void load(Function<String, Tensor> source) {
    state().forEach((name, mine) -> {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        MasterOptimizer.restore(name, mine, source.apply(name));
      }
    });
  }

  @Override public void close() {
    owner.close();
  }
}
