package org.jtorch.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;

/// One parameter of an optimizer: its settings, its float32 master weights, its state and its summed gradients.
final class Slot {
  /// What is done to a piece: `weights` and `gradient` are flat and float32, and start at element `from`.
  interface Update {
    void apply(Tensor weights, Tensor gradient, long from, long length);
  }

  final Parameter parameter;
  final ParameterGroup group;
  private final TensorOwner owner;
  private final SequencedMap<String, Tensor> state = new LinkedHashMap<>();
  private final Tensor master;
  private @Nullable Tensor sum;
  private boolean summed;

  Slot(Parameter parameter, ParameterGroup group, TensorOwner owner) {
    this.parameter = parameter;
    this.group = group;
    this.owner = owner;
    var tensor = parameter.tensor();
    Require.that(tensor.dtype().isFloating(), "the type of a parameter", tensor.dtype(), "a floating one", "f32");
    if (isHalf()) {
      master = owner.own(tensor.detach().to(DType.F32));
      state.put("master", master);
    } else {
      master = tensor;
      if (parameter.isPrecise()) {
        state.put("master", master);                         // the model's file holds it in half precision
      }
    }
  }

  boolean isHalf() {
    return parameter.tensor().dtype().isHalf();
  }

  /// Adds state of the master's shape, all zero.
  Tensor zeros(String name) {
    return put(name, Ops.zeros(master.dtype(), master.device(), parameter.shape()));
  }

  /// Adds a float32 scalar, zero.
  Tensor scalar(String name, Device device) {
    return put(name, Ops.zeros(DType.F32, device));
  }

  /// Adds a tensor to the state.
  Tensor put(String name, Tensor t) {
    state.put(name, owner.own(t));
    return t;
  }

  SequencedMap<String, Tensor> state() {
    return state;
  }

  /// The weights that the step changes: the parameter itself unless it is in half precision.
  Tensor master() {
    return master;
  }

  /// The weights that a parameter stacks, each a view of its rows of `t`; `t` itself where it stacks none.
  List<Tensor> blocks(Tensor t) {
    var parts = parameter.parts();
    return t.dim() != 2 || parts.size() < 2 ? List.of(t) : parts.stream().map(p -> t.narrow(0, p.start(), p.rows())).toList();
  }

  /// Writes the master weights to the parameter, if they are not the same tensor.
  void publish() {
    if (isHalf()) {
      parameter.tensor().copyInPlace(master);
    }
  }

  /// Moves a half-precision gradient into the float32 sum.
  void accumulate() {
    var gradient = parameter.grad();
    if (gradient == null || !isHalf()) {
      return;
    }
    var into = sum;
    if (into == null) {
      into = owner.own(Ops.empty(DType.F32, gradient.device(), parameter.shape()));
      sum = into;
    }
    add(into.view(-1), gradient.reshape(-1));
    summed = true;
    parameter.tensor().setGrad(null);
  }

  private void add(Tensor into, Tensor gradient) {
    Pieces.of(into).forEach((from, length) -> {
      var piece = into.narrow(0, from, length);
      var g = gradient.narrow(0, from, length);
      var _ = summed ? piece.addInPlace(g) : piece.copyInPlace(g);
    });
  }

  /// The whole gradient, contiguous: the sum, or what backward left; null if there is none.
  @Nullable Tensor gradient() {
    if (summed) {
      accumulate();
      return sum;
    }
    var gradient = parameter.grad();
    return gradient == null ? null : gradient.contiguous();
  }

  boolean hasGradient() {
    return summed || parameter.grad() != null;
  }

  /// The gradient as float32 memory that the step will read, to be changed in place; zeros if there was none.
  Tensor changeable() {
    if (!hasGradient()) {
      parameter.tensor().setGrad(Ops.zerosLike(parameter.tensor()));
    }
    accumulate();
    var into = sum;
    if (into != null && summed) {
      return into;
    }
    var gradient = Objects.requireNonNull(parameter.grad());
    if (!gradient.isContiguous()) {
      gradient = gradient.contiguous();
      parameter.tensor().setGrad(gradient);
    }
    return gradient;
  }

  void zeroGrad() {
    summed = false;
    parameter.tensor().setGrad(null);
  }

  /// Runs `update` over the weights piece by piece and writes the result to a half-precision parameter,
  /// so that neither float32 gradients nor temporaries of its size reach the main memory.
  ///
  /// @param scratch float32, as large as a piece
  void update(Tensor gradient, Tensor scratch, Update update) {
    var weights = master.view(-1);
    var flat = gradient.view(-1);
    var half = isHalf() ? parameter.tensor().view(-1) : null;
    boolean cast = flat.dtype() != weights.dtype();
    Pieces.of(weights).forEach((from, length) -> {
      var w = weights.narrow(0, from, length);
      var g = flat.narrow(0, from, length);
      update.apply(w, cast ? scratch.narrow(0, 0, length).copyInPlace(g) : g, from, length);
      if (half != null) {
        half.narrow(0, from, length).copyInPlace(w);
      }
    });
  }
}
