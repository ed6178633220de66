package org.jtorch.attention;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// Keys and values of the tokens so far, in memory allocated once. k and v of each layer: `[B, G, capacity, D]`
public final class KvCache implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();
  private final int capacity;
  private int length;

  private KvCache(int capacity) {
    this.capacity = capacity;
  }

  /// A cache for `layers` of the same shape.
  @MustBeClosed
  public static KvCache allocate(List<AttentionConfig> layers, int batch, int capacity, DType dtype, Device device) {
    var cache = new KvCache(capacity);
    try (var _ = TensorScope.open()) {
      for (var layer : layers) {
        switch (layer) {
          case AttentionConfig.Gqa g -> {
            cache.keys.add(cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), capacity, g.headDim())));
            cache.values.add(cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), capacity, g.headDim())));
          }
        }
      }
    }
    return cache;
  }

  /// How many tokens are in it.
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /// Keys and values up to and including the new ones. `[B, G, length + T, D]`
  record Filled(Tensor keys, Tensor values) {}

  /// Stores new keys and values behind the old ones. k, v: `[B, G, T, D]`
  Filled append(int layer, Tensor k, Tensor v) {
    long fresh = k.size(2);
    if (length + fresh > capacity) {
      throw new IllegalStateException("the key-value cache holds " + capacity + " tokens, but " + (length + fresh)
          + " are needed; allocate it for prompt + new tokens");
    }
    keys.get(layer).narrow(2, length, fresh).copyInPlace(k);
    values.get(layer).narrow(2, length, fresh).copyInPlace(v);
    return new Filled(keys.get(layer).narrow(2, 0, length + fresh), values.get(layer).narrow(2, 0, length + fresh));
  }

  /// Called by the model once all layers have stored a pass's tokens.
  public void advance(long tokens) {
    length += (int) tokens;
  }

  /// Forgets everything, keeping the memory.
  public void clear() {
    length = 0;
  }

  @Override public void close() {
    owner.close();
  }
}
