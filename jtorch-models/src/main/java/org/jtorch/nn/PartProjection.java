package org.jtorch.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// A [Projection] without a bias that has some neighbouring weights of a parameter: one expert's of those of all.
public final class PartProjection implements Projection {
  private final int in;
  private final Parameter weight;
  private final List<Parameter.Part> parts;
  private Linear.@Nullable Adapter adapter;
  private Linear.@Nullable Product product;

  /// @param weight `[rows, in]`
  /// @param parts of the weight's, neighbours
  public PartProjection(int in, Parameter weight, List<Parameter.Part> parts) {
    this.in = in;
    this.weight = weight;
    this.parts = List.copyOf(parts);
  }

  @Override public int in() {
    return in;
  }

  @Override public Parameter weight() {
    return weight;
  }

  @Override public List<Parameter.Part> parts() {
    return parts;
  }

  @Override public @Nullable Parameter bias() {
    return null;
  }

  @Override public Linear.@Nullable Adapter adapter() {
    return adapter;
  }

  @Override public void adapter(Linear.@Nullable Adapter a) {
    adapter = a;
  }

  @Override public Linear.@Nullable Product product() {
    return product;
  }

  @Override public void product(Linear.@Nullable Product p) {
    product = p;
  }

  @Override public Tensor multiply(Tensor x) {                                     // [..., in]
    if (weight.inPieces()) {
      var products = parts.stream().map(p -> Ops.linear(x, weight.tensors().get(weight.parts().indexOf(p)), null)).toArray(Tensor[]::new);
      return products.length == 1 ? products[0] : Ops.cat(x.dim() - 1, products);
    }
    long rows = parts.stream().mapToLong(Parameter.Part::rows).sum();
    Tensor all = weight.tensor();
    return Ops.linear(x, rows == all.size(0) ? all : all.narrow(0, parts.getFirst().start(), rows), null);   // [..., rows]
  }
}
