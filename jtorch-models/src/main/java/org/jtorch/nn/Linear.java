package org.jtorch.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `x Wᵀ + b`. weight `[out, in]`, bias `[out]`. Several weights of a checkpoint may be stacked into one product.
public final class Linear extends Layer implements Projection {
  /// One of several weights stacked by rows, as the checkpoint names it.
  public record Output(String name, int size, Init init) {}

  /// What a fine-tuned model adds to a product, or makes of it: LoRA, for example.
  public interface Adapter {
    /// @param x the input, `[..., in]`
    /// @param y the product as the model alone makes it, `[..., out]`
    Tensor adapt(Tensor x, Tensor y, Pass pass);

    /// Called in a pass without adapters.
    ///
    /// @throws IllegalStateException if the product cannot be had without this one
    default void leftOut() {}
  }

  /// Another way to hold the weight and multiply with it: a quantized one, for example.
  public interface Product {
    /// `x Wᵀ`. x `[..., in]`; result `[..., out]`
    Tensor multiply(Tensor x, Pass pass);

    /// The weight that it multiplies with, float32. `[out, in]`
    Tensor weight();
  }

  private final int in;
  private final List<Output> outputs;
  private final Parameter weight;
  private final @Nullable Parameter bias;
  private @Nullable Adapter adapter;
  private @Nullable Product product;

  public Linear(int in, int out, boolean bias, double std) {
    this(in, List.of(new Output("", out, new Init.Normal(std))), bias);
  }

  public Linear(int in, int out, boolean bias, Init init) {
    this(in, List.of(new Output("", out, init)), bias);
  }

  /// One product for several outputs of the same input: `[..., in]` to `[..., sum of sizes]`.
  public Linear(int in, List<Output> outputs, boolean bias) {
    this.in = in;
    this.outputs = List.copyOf(outputs);
    var parts = new ArrayList<Parameter.Part>();
    long out = 0;
    for (var o : outputs) {
      parts.add(new Parameter.Part(o.name(), out, o.size()));
      out += o.size();
    }
    var rows = outputs.stream().map(o -> new Init.Stacked.Rows(o.init(), o.size())).toList();
    this.weight = parameter("weight", Init.stacked(rows), parts, out, in).allowPieces();
    this.bias = bias ? parameter("bias", new Init.Constant(0), parts, out) : null;
  }

  @Override public Parameter weight() {
    return weight;
  }

  @Override public List<Parameter.Part> parts() {
    return weight.parts();
  }

  @Override public @Nullable Parameter bias() {
    return bias;
  }

  @Override public int in() {
    return in;
  }

  /// The weights that this product stacks, in the order of their rows.
  public List<Output> outputs() {
    return outputs;
  }

  @Override public @Nullable Adapter adapter() {
    return adapter;
  }

  @Override public void adapter(@Nullable Adapter a) {
    adapter = a;
  }

  @Override public @Nullable Product product() {
    return product;
  }

  @Override public void product(@Nullable Product p) {
    product = p;
  }

  @Override public List<Projection> ownProjections() {
    return List.of(this);
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                      // [..., in]
    return project(x, pass);                                                     // [..., out]
  }

  @Override public Tensor multiply(Tensor x, Pass pass) {
    Tensor packed = pass.frozen() == null ? null : pass.frozen().product(weight, x, bias == null ? null : bias.tensor());
    return packed == null ? multiply(x) : packed;
  }

  @Override public Tensor multiply(Tensor x) {
    Tensor b = bias == null ? null : bias.tensor();
    return weight.inPieces() ? byPiece(x, b) : Ops.linear(x, weight.tensor(), b);
  }

  /// A mapped file does not hold the stacked weights next to each other: one product each, joined.
  private Tensor byPiece(Tensor x, @Nullable Tensor b) {
    var products = new Tensor[weight.parts().size()];
    for (int i = 0; i < products.length; i++) {
      var part = weight.parts().get(i);
      products[i] = Ops.linear(x, weight.tensors().get(i), b == null ? null : b.narrow(0, part.start(), part.rows()));
    }
    return Ops.cat(x.dim() - 1, products);                                         // [..., out]
  }
}
