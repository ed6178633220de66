package org.jtorch.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// What all optimizers share: master weights, summed gradients, their norm, saving and loading.
abstract class MasterOptimizer implements Optimizer {
  private final TensorOwner owner = new TensorOwner();
  private final List<Slot> slots = new ArrayList<>();
  private final Device device;
  private @Nullable Tensor scratch;

  /// @throws IllegalArgumentException for no parameter, one in two groups, or several devices
  MasterOptimizer(List<ParameterGroup> groups) {
    var all = ParameterGroups.distinct(groups);
    if (all.isEmpty()) {
      throw new IllegalArgumentException("an optimizer needs at least one parameter; give it model.parameters()");
    }
    this.device = all.iterator().next().tensor().device();
    for (var p : all) {
      Require.that(p.tensor().device().equals(device), "the device of a parameter", p.tensor().device(),
          "that of the others", device.toString());
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var group : groups) {
        group.parameters().forEach(p -> slots.add(new Slot(p, group, owner)));
      }
    }
  }

  final List<Slot> slots() {
    return slots;
  }

  final Device device() {
    return device;
  }

  /// Keeps `t` until this optimizer closes.
  final Tensor own(Tensor t) {
    return owner.own(t);
  }

  /// Float32 memory for one piece, kept from step to step.
  final Tensor scratch() {
    var t = scratch;
    if (t == null) {
      long largest = slots.stream().mapToLong(s -> s.parameter.numel()).max().orElse(0);
      t = own(Ops.empty(DType.F32, device, Math.min(largest, Pieces.size(device))));
      scratch = t;
    }
    return t;
  }

  @Override public final void step(double learningRate, double scale) {
    Require.that(Double.isFinite(learningRate), "learningRate", learningRate, "finite", "3e-4");
    Require.atLeastZero("scale", scale, "1");
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      update(learningRate, scale);
    }
    zeroGrad();
  }

  /// What is done to a parameter that has a gradient.
  interface Whole {
    /// @param i its place among the slots
    /// @param g the whole gradient, float32
    void update(int i, Slot slot, Tensor g);
  }

  /// Runs `body` for every parameter that has a gradient, with that times `scale`, in a scope each.
  final void forEachGradient(double scale, Whole body) {
    for (int i = 0; i < slots.size(); i++) {
      try (var _ = TensorScope.open()) {
        var gradient = slots.get(i).gradient();
        if (gradient != null) {
          body.update(i, slots.get(i), gradient.to(DType.F32).mul(scale));
        }
      }
    }
  }

  /// Changes the weights; runs in a scope, without autograd.
  abstract void update(double learningRate, double scale);

  @Override public final void accumulate() {
    for (var slot : slots) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        slot.accumulate();
      }
    }
  }

  @Override public final void sum(Ranks ranks) {
    RankSum.of(slots, ranks);
  }

  @Override public final double gradNorm() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var gradients = new ArrayList<Tensor>();
      for (var slot : slots) {
        var g = slot.gradient();
        if (g != null) {
          gradients.add(g);
        }
      }
      return GradClip.norm(gradients);
    }
  }

  @Override public final void zeroGrad() {
    slots.forEach(Slot::zeroGrad);
  }

  @Override public final List<Parameter> parameters() {
    return slots.stream().map(s -> s.parameter).toList();
  }

  @Override public final SequencedMap<String, Tensor> state() {
    var all = new LinkedHashMap<String, Tensor>();
    for (int i = 0; i < slots.size(); i++) {
      for (var entry : slots.get(i).state().entrySet()) {
        all.put(i + "." + entry.getKey(), entry.getValue());
      }
    }
    return all;
  }

  @Override public final void load(Function<String, Tensor> source) {
    state().forEach((name, mine) -> {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        restore(name, mine, source.apply(name));
      }
    });
    zeroGrad();
  }

  static void restore(String name, Tensor mine, Tensor saved) {
    if (!Arrays.equals(mine.shape(), saved.shape()) || mine.dtype() != saved.dtype()) {
      throw new DataException("optimizer state " + name + " was saved as " + saved.dtype() + " " + Arrays.toString(saved.shape())
          + " but this model needs " + mine.dtype() + " " + Arrays.toString(mine.shape())
          + "; resume with the model, dtype and parameter groups of the saved run");
    }
    mine.copyInPlace(saved);
  }

  @Override public final void close() {
    owner.close();
  }
}
