package org.jtorch.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Tensor;

/// A product with a weight of the model, `x Wᵀ + b`, on which an adapter may sit and whose weight may be held in another form: a
/// [Linear], one expert of a mixture, or its router. See [Module#ownProjections].
public interface Projection {
  /// Input features.
  int in();

  /// Where its weight lies: all rows of this parameter, or those that [#parts] name.
  Parameter weight();

  /// The weights of the checkpoint that it stacks, neighbours in [#weight].
  List<Parameter.Part> parts();

  @Nullable Parameter bias();

  Linear.@Nullable Adapter adapter();

  /// Puts an adapter on this product, or takes it off (null).
  void adapter(Linear.@Nullable Adapter a);

  Linear.@Nullable Product product();

  /// Multiplies in another way from now on, or with the parameter again (null).
  void product(Linear.@Nullable Product p);

  /// The product with the parameter itself. `[..., in]` to `[..., out]`
  Tensor multiply(Tensor x);

  /// [#multiply] as a pass may make it faster, with a packed weight for example.
  default Tensor multiply(Tensor x, Pass pass) {
    return multiply(x);
  }

  /// The product as the model has it now: with the weight in the form in which it is held, and what an adapter makes of it.
  /// `[..., in]` to `[..., out]`
  default Tensor project(Tensor x, Pass pass) {
    Linear.Product held = product();
    if (held != null && pass.tape() != null) {
      x = pass.tape().cut(x);                            // the product records itself: it and the adapter add to one leaf
    }
    Tensor y = held == null ? multiply(x, pass) : held.multiply(x, pass);
    Parameter b = bias();
    y = held == null || b == null ? y : y.add(b.tensor());
    Linear.Adapter on = adapter();
    if (on == null) {
      return y;
    }
    if (!pass.adapters()) {
      on.leftOut();
      return y;
    }
    return on.adapt(x, y, pass);
  }

  /// True if nothing but the parameter in one piece makes the product, so that a layer may take a faster way.
  default boolean isBare() {
    return adapter() == null && product() == null && !weight().inPieces();
  }
}
