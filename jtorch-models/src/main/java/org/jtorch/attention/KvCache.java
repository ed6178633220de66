package org.jtorch.attention;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// Keys and values of the tokens so far, in memory allocated once.
///
/// A layer that sees everything keeps everything: k and v `[B, G, capacity, D]`. A layer with a sliding window keeps only
/// the window, `[B, G, window, D]`, as a ring: token i lies in slot `i mod window` (arXiv:2310.06825, section 2).
public final class KvCache implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final List<Slots> layers = new ArrayList<>();
  private final int capacity;
  private int length;

  /// One layer's memory; `size` slots.
  private record Slots(Tensor keys, Tensor values, int size) {}

  private KvCache(int capacity) {
    this.capacity = capacity;
  }

  /// A cache for these layers.
  @MustBeClosed
  public static KvCache allocate(List<AttentionConfig> layers, int batch, int capacity, DType dtype, Device device) {
    var cache = new KvCache(capacity);
    try (var _ = TensorScope.open()) {
      for (var layer : layers) {
        switch (layer) {
          case AttentionConfig.Gqa g -> {
            int size = g.span() instanceof Span.Sliding(int window) ? Math.min(window, capacity) : capacity;
            cache.layers.add(new Slots(cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), size, g.headDim())),
                cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), size, g.headDim())), size));
          }
        }
      }
    }
    return cache;
  }

  /// How many tokens have passed.
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /// Bytes of all layers' keys and values.
  public long bytes() {
    return layers.stream().mapToLong(s -> 2 * s.keys.numel() * s.keys.dtype().bytes()).sum();
  }

  /// Keys and values that the new tokens may see, themselves included. `[B, G, n, D]`
  ///
  /// @param first index of the first key in the sequence
  /// @param turn where index `first` stands: keys go on from there to the end, then from 0; 0 if they are in order
  record Filled(Tensor keys, Tensor values, long first, long turn) {}

  /// Stores new keys and values behind the old ones. k, v: `[B, G, T, D]`
  Filled append(int layer, Tensor k, Tensor v) {
    long fresh = k.size(2);
    if (length + fresh > capacity) {
      throw new IllegalStateException("the key-value cache holds " + capacity + " tokens, but " + (length + fresh)
          + " are needed; allocate it for prompt + new tokens");
    }
    Slots s = layers.get(layer);
    if (length + fresh <= s.size) {
      write(s, k, v, length, 0, fresh);
      return new Filled(s.keys.narrow(2, 0, length + fresh), s.values.narrow(2, 0, length + fresh), 0, 0);
    }
    if (fresh == 1) {
      write(s, k, v, length % s.size, 0, 1);
      return new Filled(s.keys, s.values, length + 1L - s.size, (length + 1L) % s.size);
    }
    long old = Math.min(length, s.size - 1);
    Tensor keys = old == 0 ? k : Ops.cat(2, last(s.keys, s.size, old), k);
    Tensor values = old == 0 ? v : Ops.cat(2, last(s.values, s.size, old), v);
    store(s, k, v, fresh);
    return new Filled(keys, values, length - old, 0);
  }

  /// The newest `n` of a ring before this pass, in order.
  private Tensor last(Tensor ring, int size, long n) {
    if (length <= size) {
      return ring.narrow(2, length - n, n);
    }
    long from = (length - n) % size;
    long behind = Math.min(n, size - from);
    return behind == n ? ring.narrow(2, from, n) : Ops.cat(2, ring.narrow(2, from, behind), ring.narrow(2, 0, n - behind));
  }

  /// Puts the newest of `fresh` tokens into their slots.
  private void store(Slots s, Tensor k, Tensor v, long fresh) {
    long kept = Math.min(fresh, s.size);
    long slot = (length + fresh - kept) % s.size;
    long behind = Math.min(kept, s.size - slot);
    write(s, k, v, slot, fresh - kept, behind);
    if (kept > behind) {
      write(s, k, v, 0, fresh - kept + behind, kept - behind);
    }
  }

  private static void write(Slots s, Tensor k, Tensor v, long slot, long from, long n) {
    s.keys.narrow(2, slot, n).copyInPlace(k.narrow(2, from, n));
    s.values.narrow(2, slot, n).copyInPlace(v.narrow(2, from, n));
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
