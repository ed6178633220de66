package org.jtorch.nn;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.PackedWeight;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// What many forwards share while no weight changes: weights packed for products of a few rows, and what the networks of
/// prompts make. Each is made when it is first asked for and freed when this closes.
///
/// A [Pass] carries it. Whoever opens one promises that the model's weights stay as they are until it closes, as a generator does
/// for one generation; with a tape or gradients on, layers pass it by.
public final class Frozen implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final Map<Object, Tensor> made = new HashMap<>();
  private final Map<Parameter, @Nullable PackedWeight> packed = new IdentityHashMap<>();
  private final int rows;

  /// @param rows of the products to come, about; 0 packs no weights
  public Frozen(int rows) {
    this.rows = rows;
  }

  /// `x Wᵀ + b` with the packed weight, or null if it cannot be packed here, or is not to be. x `[..., in]`; result `[..., out]`
  public @Nullable Tensor product(Parameter weight, Tensor x, @Nullable Tensor bias) {
    if (rows == 0 || Grad.isOn() || x.numel() == 0) {
      return null;
    }
    if (!packed.containsKey(weight)) {
      packed.put(weight, pack(weight));
    }
    PackedWeight p = packed.get(weight);
    return p == null || weight.tensors().getFirst().dtype() != x.dtype() ? null : p.linear(x, bias);
  }

  @SuppressWarnings("MustBeClosedChecker")     // the owner closes it
  private @Nullable PackedWeight pack(Parameter weight) {
    var pieces = weight.tensors();
    Tensor first = pieces.getFirst();
    if (!PackedWeight.canPack(first.dtype(), first.device()) || first.dim() != 2) {
      return null;
    }
    try (var _ = TensorScope.open()) {
      Tensor whole = pieces.size() == 1 ? first : Ops.cat(0, pieces.toArray(Tensor[]::new));
      var p = PackedWeight.of(whole, rows);
      if (p != null) {
        owner.closeLater(p);
      }
      return p;
    }
  }

  /// What `make` gives, made once.
  ///
  /// @param key tells it from what others keep
  public Tensor keep(Object key, Supplier<Tensor> make) {
    if (Grad.isOn()) {
      return make.get();
    }
    Tensor found = made.get(key);
    if (found == null) {
      try (var _ = TensorScope.open()) {
        found = owner.own(make.get().copy());              // a copy: it may be a parameter, which has its owner
      }
      made.put(key, found);
    }
    return found;
  }

  /// Bytes of packed weights so far.
  public long packedBytes() {
    return packed.values().stream().filter(Objects::nonNull).mapToLong(PackedWeight::bytes).sum();
  }

  @Override public void close() {
    owner.close();
  }
}
