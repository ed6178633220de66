package org.jtorch.attention;

import com.google.errorprone.annotations.MustBeClosed;
import java.util.ArrayList;
import java.util.Arrays;
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
///
/// All rows end together: a shorter text begins later, and its pass hides what lies before with a key mask and counts positions
/// from its own first token. Rows can leave and be repeated ([#select]), change places with rows of other caches
/// ([#arrange]), and take back their newest tokens ([#cut]), if all layers are attention ([#canArrange]).
public final class KvCache implements AutoCloseable {
  private final TensorOwner owner = new TensorOwner();
  private final List<LayerState> layers = new ArrayList<>();
  private final int capacity;
  private int batch;
  private int length;

  /// A row of a cache, of which the `tokens` before token `end` are wanted.
  public record Row(KvCache cache, int row, int tokens, int end) {
    /// The newest ones.
    public Row(KvCache cache, int row, int tokens) {
      this(cache, row, tokens, cache.length);
    }
  }

  private KvCache(int batch, int capacity) {
    this.batch = batch;
    this.capacity = capacity;
  }

  /// A cache for these layers.
  @MustBeClosed
  public static KvCache allocate(List<? extends MixerConfig> layers, int batch, int capacity, DType dtype, Device device) {
    var cache = new KvCache(batch, capacity);
    try (var _ = TensorScope.open()) {
      for (var layer : layers) {
        switch (layer) {
          case AttentionConfig.Gqa g -> {
            int size = g.span() instanceof Span.Sliding(int window) ? Math.min(window, capacity) : capacity;
            cache.layers.add(KvSlots.allocate(batch, g.kvHeads(), size, g.headDim(), dtype, device).owned(cache.owner));
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

  private KvSlots slots(int layer) {
    return state(layer, KvSlots.class);
  }

  /// True if rows can move and tokens be taken back: all layers are attention.
  public boolean canArrange() {
    return layers.stream().allMatch(KvSlots.class::isInstance);
  }

  /// True if nothing is ever let go: no window is shorter than the cache. Any tokens can be taken back then, of each row on its own.
  public boolean keepsAll() {
    return layers.stream().allMatch(s -> s instanceof KvSlots slots && slots.size() >= capacity);
  }

  /// Rows.
  public int batch() {
    return batch;
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
  /// @param room slots from the first key on that may be read, though what lies behind the keys is without meaning: at least n
  record Filled(Tensor keys, Tensor values, long first, long turn, KvSlots room) {
    /// In order, without more room.
    static Filled of(Tensor keys, Tensor values) {
      return new Filled(keys, values, 0, 0, new KvSlots(keys, values, (int) keys.size(2)));
    }

    /// The same keys and whatever stands in the slots behind them, `n` together.
    Filled widened(long n) {
      return new Filled(room.keys().narrow(2, 0, n), room.values().narrow(2, 0, n), first, turn, room);
    }
  }

  /// Stores new keys and values behind the old ones. k, v: `[B, G, T, D]`
  Filled append(int layer, Tensor k, Tensor v) {
    long fresh = k.size(2);
    if (length + fresh > capacity) {
      throw new IllegalStateException("the key-value cache holds " + capacity + " tokens, but " + (length + fresh)
          + " are needed; allocate it for prompt + new tokens");
    }
    KvSlots s = slots(layer);
    if (length + fresh <= s.size()) {
      s.write(k, v, length, 0, fresh);
      return new Filled(s.keys().narrow(2, 0, length + fresh), s.values().narrow(2, 0, length + fresh), 0, 0, s);
    }
    if (fresh == 1) {
      s.write(k, v, length % s.size(), 0, 1);
      return new Filled(s.keys(), s.values(), length + 1L - s.size(), (length + 1L) % s.size(), s);
    }
    long old = Math.min(length, s.size() - 1);
    Tensor keys = old == 0 ? k : Ops.cat(2, s.last(s.keys(), length, old), k);
    Tensor values = old == 0 ? v : Ops.cat(2, s.last(s.values(), length, old), v);
    s.store(k, v, length);
    return new Filled(keys, values, length - old, 0, new KvSlots(keys, values, (int) keys.size(2)));
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

  /// Takes back the newest tokens, so that `tokens` remain.
  ///
  /// @throws IllegalStateException if a sliding window has let go of what the next token would see
  public void cut(int tokens) {
    if (tokens < 0 || tokens > length) {
      throw new IllegalArgumentException("a cache of " + length + " tokens cannot be cut to " + tokens + "; give 0 to " + length);
    }
    for (int i = 0; i < layers.size(); i++) {
      KvSlots s = slots(i);
      if (length > s.size() && tokens < length - 1) {
        throw new IllegalStateException("a sliding window of " + s.size() + " tokens has let go of what token " + tokens
            + " sees: cut such a cache before it holds more than its window, or by one token");
      }
    }
    length = tokens;
  }

  /// Keeps these rows, in this order; one may be named several times (answers to the same prompt). Copies what is kept.
  public void select(int... rows) {
    for (int r : rows) {
      requireRow(this, r);
    }
    try (var _ = TensorScope.open()) {
      Tensor index = Ops.of(Arrays.stream(rows).asLongStream().toArray(), slots(0).keys().device(), rows.length);
      for (int i = 0; i < layers.size(); i++) {
        KvSlots s = slots(i);
        var chosen = s.empty(rows.length);
        long filled = Math.min(length, s.size());
        chosen.keys().narrow(2, 0, filled).copyInPlace(s.keys().narrow(2, 0, filled).indexSelect(0, index));
        chosen.values().narrow(2, 0, filled).copyInPlace(s.values().narrow(2, 0, filled).indexSelect(0, index));
        replace(i, chosen);
      }
    }
    batch = rows.length;
  }

  /// Makes the rows of this cache from rows of this one and of others with the same layers: they end together, so the longest
  /// begins at 0 and [#length] becomes its tokens. What lies before a shorter one is without meaning: the key mask hides it.
  public void arrange(List<Row> rows) {
    int longest = rows.stream().mapToInt(Row::tokens).max().orElse(0);
    if (longest > capacity) {
      throw new IllegalArgumentException("a row has " + longest + " tokens but this cache holds " + capacity);
    }
    for (var r : rows) {
      requireRow(r.cache, r.row);
      if (r.tokens < 0 || r.tokens > r.end || r.end > r.cache.length) {
        throw new IllegalArgumentException("row " + r.row + " of a cache of " + r.cache.length + " tokens has no " + r.tokens
            + (r.end == r.cache.length ? "" : " before token " + r.end));
      }
      if (r.end < r.cache.length && !r.cache.keepsAll()) {
        throw new IllegalStateException("row " + r.row + " cannot end before its newest token: a sliding window has let go of older ones");
      }
    }
    for (int i = 0; i < layers.size(); i++) {
      try (var _ = TensorScope.open()) {
        var arranged = slots(i).empty(rows.size());
        for (int to = 0; to < rows.size(); to++) {
          var r = rows.get(to);
          copy(r.cache.slots(i).row(r.row), r.end, arranged.row(to), r.tokens, longest);
        }
        replace(i, arranged);
      }
    }
    batch = rows.size();
    length = longest;
  }

  /// Copies the `tokens` of a row before `end` so that they end at `newEnd`.
  private static void copy(KvSlots from, int end, KvSlots to, int tokens, int newEnd) {
    long kept = Math.min(tokens, Math.min(from.size(), to.size()));
    if (kept > 0) {
      to.store(from.last(from.keys(), end, kept), from.last(from.values(), end, kept), newEnd - kept);
    }
  }

  private void replace(int layer, KvSlots by) {
    KvSlots old = slots(layer);
    layers.set(layer, by.owned(owner));
    owner.release(old.keys());
    owner.release(old.values());
  }

  private static void requireRow(KvCache cache, int row) {
    if (row < 0 || row >= cache.batch) {
      throw new IllegalArgumentException("there is no row " + row + " in a cache of " + cache.batch + " rows; they count from 0");
    }
  }

  @Override public void close() {
    owner.close();
  }
}
