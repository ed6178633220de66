package org.jtorch.adapter;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Projection;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// What one weight of the checkpoint gets: A `[r, in]`, B `[rows, r]` and, with DoRA, the lengths of its rows `[rows]`.
final class LoraWeights extends Module {
  private final String module;
  private final Projection projection;
  private final Parameter.Part part;
  private final double scale;
  private final Parameter a;
  private final Parameter b;
  private final @Nullable Parameter magnitude;

  /// @param module the weight's name in the checkpoint, without `.weight`
  /// @param part its rows of the product
  LoraWeights(String module, Projection projection, Parameter.Part part, LoraConfig config) {
    this.module = module;
    this.projection = projection;
    this.part = part;
    this.scale = config.scale(module);
    int r = config.rank(module);
    Init first = config.start() == LoraConfig.Start.GAUSSIAN ? new Init.Normal(1.0 / r) : new Init.Uniform();
    Init second = config.start() == LoraConfig.Start.RANDOM ? new Init.Uniform() : new Init.Constant(0);
    this.a = parameter("lora_A.weight", first, r, projection.in());
    this.b = parameter("lora_B.weight", second, part.rows(), r);
    this.magnitude = config.dora() ? parameter("lora_magnitude_vector", new Init.Constant(1), part.rows()) : null;
  }

  String module() {
    return module;
  }

  /// How many rows it has.
  long rows() {
    return part.rows();
  }

  /// Where its rows begin in the product.
  long start() {
    return part.start() - projection.parts().getFirst().start();
  }

  /// A. `[r, in]`
  Tensor down() {
    return a.tensor();
  }

  /// `s B`. `[rows, r]`
  Tensor up() {
    return b.tensor().mul(scale);
  }

  /// The model's weight under its name in the checkpoint.
  Weight base() {
    return new Weight(module + ".weight", projection.weight(), part);
  }

  /// DoRA begins with the lengths that the rows have.
  void measure() {
    if (magnitude != null) {
      try (var _ = Grad.off()) {
        magnitude.tensor().copyInPlace(lengths(current()));
      }
    }
  }

  /// The rows of the product with the adapter under DoRA: `r (W x + s B A x)` where r is [#ratio].
  ///
  /// With dropout this computes what PEFT does: `W x + (r − 1) W d + r s B A d` with d the x that dropout left.
  ///
  /// @param h `A x`, or `A d`, `[..., r]`
  /// @param y `W x + b`, `[..., rows]`
  /// @param dropped d, `[..., in]`; null without dropout
  Tensor adapt(Tensor h, Tensor y, @Nullable Tensor dropped) {
    Tensor delta = Ops.linear(h.mul(scale), b.tensor(), null);
    Tensor m = ratio(Objects.requireNonNull(magnitude));
    if (dropped != null) {
      return y.add(Ops.linear(dropped, current(), null).mul(m.sub(1))).add(delta.mul(m)).to(y.dtype());
    }
    Parameter bias = projection.bias();
    if (bias == null) {
      return y.add(delta).mul(m).to(y.dtype());
    }
    Tensor offset = bias.tensor().narrow(0, start(), part.rows());
    return y.sub(offset).add(delta).mul(m).add(offset).to(y.dtype());
  }

  /// `m / ‖W + s B A‖` by rows; the lengths are no function of A and B for the gradient (arXiv:2402.09353, 4.3). `[rows]`
  private Tensor ratio(Parameter m) {
    Tensor lengths;
    try (var _ = Grad.off()) {
      lengths = lengths(current().add(delta()));
    }
    return m.tensor().div(lengths);
  }

  private static Tensor lengths(Tensor w) {
    return Ops.norm(w, -1, false);
  }

  /// `s B A` `[rows, in]`
  private Tensor delta() {
    return b.tensor().matmul(a.tensor()).mul(scale);
  }

  /// The model's weight in the adapter's type. `[rows, in]`
  private Tensor current() {
    var product = projection.product();
    Tensor w = product == null ? base().view() : product.weight().narrow(0, start(), part.rows());
    return w.detach().to(a.tensor().dtype());
  }

  /// What the weight becomes, in float32, or float64 for a model of that type. `[rows, in]`
  Tensor merged() {
    DType type = projection.weight().tensors().getFirst().dtype() == DType.F64 ? DType.F64 : DType.F32;
    Tensor w = base().view().to(type);
    Tensor sum = w.add(b.tensor().to(type).matmul(a.tensor().to(type)).mul(scale));
    return magnitude == null ? sum : sum.mul(magnitude.tensor().to(type).div(lengths(sum)).unsqueeze(1));
  }
}
