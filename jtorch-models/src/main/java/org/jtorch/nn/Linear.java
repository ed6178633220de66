package org.jtorch.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `x Wᵀ + b`. weight `[out, in]`, bias `[out]`. Several weights of a checkpoint may be stacked into one product.
public final class Linear extends Layer {
  /// One of several weights stacked by rows, as the checkpoint names it.
  public record Output(String name, int size) {}

  private final Parameter weight;
  private final @Nullable Parameter bias;

  public Linear(int in, int out, boolean bias, double std) {
    this(in, List.of(new Output("", out)), bias, std);
  }

  /// One product for several outputs of the same input: `[..., in]` to `[..., sum of sizes]`.
  public Linear(int in, List<Output> outputs, boolean bias, double std) {
    var parts = new ArrayList<Parameter.Part>();
    long out = 0;
    for (var o : outputs) {
      parts.add(new Parameter.Part(o.name(), out, o.size()));
      out += o.size();
    }
    this.weight = parameter("weight", new Init.Normal(std), parts, out, in);
    this.bias = bias ? parameter("bias", new Init.Constant(0), parts, out) : null;
  }

  public Parameter weight() {
    return weight;
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                      // [..., in]
    return Ops.linear(x, weight.tensor(), bias == null ? null : bias.tensor());  // [..., out]
  }
}
