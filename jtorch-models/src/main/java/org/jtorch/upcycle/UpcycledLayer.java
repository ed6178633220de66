package org.jtorch.upcycle;

import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// The feed-forward part of one layer, upcycled.
final class UpcycledLayer {
  private final Upcycling how;
  private final Map<String, Weight> into;
  private final String prefix;
  private final Rng rng;
  private final Tensor gate;
  private final Tensor up;
  private final Tensor down;

  UpcycledLayer(Upcycling how, Decoder dense, Decoder model, int layer, Rng rng) {
    this.how = how;
    this.into = model.weights();
    this.prefix = "model.layers." + layer + ".mlp.";
    this.rng = rng;
    var from = dense.weights();
    gate = view(from, prefix + "gate_proj.weight");                                // [F, C]
    up = view(from, prefix + "up_proj.weight");                                    // [F, C]
    down = view(from, prefix + "down_proj.weight");                                // [C, F]
  }

  private static Tensor view(Map<String, Weight> weights, String name) {
    return Objects.requireNonNull(weights.get(name), name).view();
  }

  void fill() {
    long[] all = neurons(how.experts() * (long) how.hidden());
    for (int e = 0; e < how.experts(); e++) {
      slice("experts." + e + ".", Arrays.copyOfRange(all, e * how.hidden(), (e + 1) * how.hidden()));
    }
    fresh("gate.weight");
    if (how.shared() > 0) {
      slice("shared_expert.", neurons(how.shared()));
      fresh("shared_expert_gate.weight");
    }
  }

  private long[] neurons(long count) {
    return how.neurons(count, Math.toIntExact(gate.size(0)), rng);
  }

  /// An expert of these neurons, a part of it begun anew.
  private void slice(String expert, long[] neurons) {
    try (var _ = TensorScope.open()) {
      Tensor index = Ops.of(neurons, gate.device(), neurons.length);
      long width = neurons.length;
      long dim = gate.size(1);
      Tensor whole = how.unit() == Upcycling.Unit.NEURON ? chosen(width, 1) : null;   // [H, 1]
      mix(expert + "gate_proj.weight", gate.indexSelect(0, index), whole == null ? chosen(width, dim) : whole);
      mix(expert + "up_proj.weight", up.indexSelect(0, index), whole == null ? chosen(width, dim) : whole);
      mix(expert + "down_proj.weight", down.indexSelect(1, index), whole == null ? chosen(dim, width) : whole.t());
    }
  }

  /// True with the wanted probability. bool `[rows, columns]`
  private Tensor chosen(long rows, long columns) {
    return rng.uniform(0, 1, DType.F32, Device.CPU, rows, columns).ge(1 - how.fresh());
  }

  private void mix(String name, Tensor trained, Tensor anew) {
    Tensor target = view(into, prefix + name);
    Tensor random = rng.normal(0, how.std(), target.dtype(), target.device(), target.shape());
    target.copyInPlace(Ops.where(anew.to(target.device()), random, trained));
  }

  private void fresh(String name) {
    Tensor target = view(into, prefix + name);
    target.copyInPlace(rng.normal(0, how.std(), target.dtype(), target.device(), target.shape()));
  }
}
