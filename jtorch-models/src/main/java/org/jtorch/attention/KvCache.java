package org.jtorch.attention;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;

/// Keys and values of the tokens so far, in memory allocated once.
///
/// An attention layer that sees everything keeps everything: k and v `[B, G, capacity, D]`. A layer with a sliding window keeps only
/// the window, `[B, G, window, D]`, as a ring: token i lies in slot `i mod window` (arXiv:2310.06825, section 2).
public final class KvCache implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final List<LayerState> layers = new ArrayList<>();
  private final int capacity;
  private int length;

  /// The keys and values of an attention layer; `size` slots.
  private record Slots(Tensor keys, Tensor values, int size) implements LayerState {
    @Override public long bytes() {
      return 2 * keys.numel() * keys.dtype().bytes();
    }

    /// What lies beyond the cache's length is never read.
    @Override public void clear() {}
  }

  private KvCache(int capacity) {
    this.capacity = capacity;
  }

  /// A cache for these layers.
  @MustBeClosed
  public static KvCache allocate(List<? extends MixerConfig> layers, int batch, int capacity, DType dtype, Device device) {
    var cache = new KvCache(capacity);
    try (var _ = TensorScope.open()) {
      for (var layer : layers) {
        switch (layer) {
          case AttentionConfig.Gqa g -> {
            int size = g.span() instanceof Span.Sliding(int window) ? Math.min(window, capacity) : capacity;
            cache.layers.add(new Slots(cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), size, g.headDim())),
                cache.owner.own(Ops.zeros(dtype, device, batch, g.kvHeads(), size, g.headDim())), size));
          }
          case MixerConfig.Other other -> cache.layers.add(other.state(cache.owner, batch, capacity, dtype, device));
        }
      }
    }
    return cache;
  }

  /// The cache of the forward that a layer runs in; null if there is none.
  public static @Nullable KvCache of(Pass pass) {
    return pass.shared() instanceof AttentionState state ? state.cache() : null;
  }

  /// What a layer keeps here.
  ///
  /// @param kind what [MixerConfig.Other#state] makes for this layer
  public <S extends LayerState> S state(int layer, Class<S> kind) {
    LayerState state = layers.get(layer);
    if (!kind.isInstance(state)) {
      throw new IllegalArgumentException("layer " + layer + " keeps " + state.getClass().getSimpleName() + ", not "
          + kind.getSimpleName() + "; was the cache made for another model?");
    }
    return kind.cast(state);
  }

  /// How many tokens have passed.
  public int length() {
    return length;
  }

  public int capacity() {
    return capacity;
  }

  /// Bytes of what all layers keep.
  public long bytes() {
    return layers.stream().mapToLong(LayerState::bytes).sum();
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
    Slots s = state(layer, Slots.class);
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
    layers.forEach(LayerState::clear);
    length = 0;
  }

  @Override public void close() {
    owner.close();
  }
}
