package org.jtorch.attention;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.nn.Layout;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// What the attention layers of one forward share: rotary tables, masks, the cache. Made by the model at the
/// start of a forward; its tensors live in the scope of that forward.
public final class AttentionState implements Pass.Shared {
  /// What the shared masks of one forward may hold together.
  private static final long SHARED_BYTES = 64L << 20;

  private final Layout layout;
  private final TensorScope scope;
  private final @Nullable KvCache cache;
  private final DType dtype;
  private final Device device;
  private final long past;
  private final long tokens;
  private final Map<Object, Tensor> tensors = new HashMap<>();
  private long sharedBytes;
  private @Nullable Boolean paddedRight;

  /// @param scope the forward's scope, which outlives every layer call
  /// @param ids int64 `[B, T]`
  public AttentionState(Pass pass, TensorScope scope, Tensor ids, DType dtype, @Nullable KvCache cache) {
    this.layout = pass.layout();
    this.scope = scope;
    this.cache = cache;
    this.dtype = dtype;
    this.device = ids.device();
    this.past = cache == null ? 0 : cache.length();
    this.tokens = ids.size(1);
  }

  static AttentionState of(Pass pass) {
    if (pass.shared() instanceof AttentionState state) {
      return state;
    }
    throw new IllegalStateException("attention runs inside a model that shares positions and masks: "
        + "call it through Decoder, or give the Pass an AttentionState");
  }

  @Nullable KvCache cache() {
    return cache;
  }

  @Override public long past() {
    return past;
  }

  /// A mask or bias that all layers share, made once; beyond [#SHARED_BYTES] made anew each time, so that long packed rows do
  /// not hold a mask of T² entries for the whole forward.
  private Tensor shared(Object key, Supplier<Tensor> make) {
    Tensor found = tensors.get(key);
    if (found != null) {
      return found;
    }
    try (var inner = TensorScope.open()) {
      Tensor made = make.get();
      long bytes = made.numel() * made.dtype().bytes();
      if (sharedBytes + bytes > SHARED_BYTES) {
        return inner.promote(made);
      }
      sharedBytes += bytes;
      tensors.put(key, scope.adopt(made));
      return made;
    }
  }

  /// Rotary tables for this pass's positions, float32 (float64 in a model of that type). `[1 or B, T, D/2]`
  Rope.Tables tables(Rope rope, int headDim) {
    return tables(rope, headDim, "positions", this::positions);
  }

  /// Tables for positions made from this pass's; `name` tells them apart.
  Rope.Tables tables(Rope rope, int headDim, Object name, Supplier<Tensor> positions) {
    record Key(Rope rope, int headDim, Object name, boolean sine) {}
    var cos = new Key(rope, headDim, name, false);
    var sin = new Key(rope, headDim, name, true);
    Tensor c = tensors.get(cos);
    Tensor s = tensors.get(sin);
    if (c == null || s == null) {
      try (var _ = TensorScope.open()) {
        Tensor given = layout.positions();
        long length = given != null && rope.scaling() instanceof RopeScaling.Dynamic
            ? given.max().itemLong() + 1 : past + tokens;                          // asking waits for the device
        var t = rope.tables(positions.get(), headDim, length);
        c = scope.adopt(dtype == DType.F64 ? t.cos().to(dtype) : t.cos());
        s = scope.adopt(dtype == DType.F64 ? t.sin().to(dtype) : t.sin());
      }
      tensors.put(cos, c);
      tensors.put(sin, s);
    }
    return new Rope.Tables(c, s);
  }

  /// Whether positions simply count on from what the cache holds.
  boolean isConsecutive() {
    return layout.positions() == null;
  }

  /// Positions of this pass's tokens. int64 `[1 or B, T]`
  Tensor positions() {
    Tensor given = layout.positions();
    return given == null ? Rope.consecutive(past, tokens, device) : given;
  }

  /// Positions of all keys up to this pass's last token: padding on the left does not count. int64 `[1 or B, past + T]`
  Tensor keyPositions() {
    if (past == 0) {
      return positions();
    }
    Tensor mask = layout.keyMask();
    return mask == null ? Rope.consecutive(0, past + tokens, device)
        : Ops.clampMin(mask.narrow(1, 0, past + tokens).to(DType.I64).cumsum(1).sub(1), 0);
  }

  /// Whether the mask is the plain causal one: each query attends to all keys up to its own.
  boolean plainCausal(Span span) {
    return layout.keyMask() == null && layout.segments() == null && layout.prefix() == null && reachesAll(span);
  }

  /// True if every query sees every key, so that there is nothing to hide.
  boolean seesAll(Span span) {
    return span instanceof Span.Bidirectional && layout.keyMask() == null && layout.segments() == null;
  }

  /// True if "each query sees all keys up to its own" is the truth for every real token because padding comes after them: what
  /// padding itself sees is nobody's business. Asks the device once a forward.
  boolean causalBesidePadding(Span span) {
    Tensor mask = layout.keyMask();
    if (mask == null || cache != null || layout.segments() != null || layout.prefix() != null || !reachesAll(span)) {
      return false;
    }
    if (paddedRight == null) {
      try (var _ = TensorScope.open()) {
        Tensor begins = mask.narrow(1, 1, tokens - 1).and(mask.narrow(1, 0, tokens - 1).not());
        paddedRight = begins.to(DType.I64).sum().itemLong() == 0;
      }
    }
    return paddedRight;
  }

  private boolean reachesAll(Span span) {
    return switch (span) {
      case Span.Full _, Span.DualChunk _ -> true;
      case Span.Sliding(int window) -> window >= past + tokens;
      case Span.Bidirectional _ -> false;
    };
  }

  /// How many keys one new token may meet where `keys` have meaning and `slots` may be read: masks tell the rest apart.
  long room(long keys, long slots) {
    Tensor mask = layout.keyMask();
    return layout.prefix() != null ? keys : mask == null ? slots : Math.min(slots, mask.size(1));
  }

  /// The keys `[first, end)` that queries `[from, from + n)` of this pass can attend to.
  Keys keys(Span span, long from, long n) {
    boolean ahead = span instanceof Span.Bidirectional || layout.prefix() != null;
    boolean near = layout.prefix() == null && layout.trunks() == null;         // what is visible lies within the window in the row, too
    long first = span instanceof Span.Sliding(int window) && near ? Math.max(0, past + from - window + 1) : 0;
    return new Keys(first, ahead ? past + tokens : past + from + n);
  }

  /// A range of keys.
  record Keys(long first, long end) {
    long count() {
      return end - first;
    }
  }

  /// The additive mask of queries `[from, from + n)` of this pass against the given keys: 0 where a query attends to a key,
  /// [#masked] where not. `[1 or B, n, keys]`
  Tensor bias(Span span, long from, long n, Keys keys) {
    record Key(Span span, long from, long n, Keys keys) {}
    return shared(new Key(span, from, n, keys), () -> additive(mask(span, from, n, keys)));
  }

  /// [#bias] of one new token against a ring buffer of keys, all of them within its window: only padding is masked; null if
  /// there is none. `[B, 1, keys]`
  @Nullable Tensor ringBias(KvCache.Filled ring) {
    record Key(long first, long turn) {}
    Tensor mask = layout.keyMask();
    if (mask == null) {
      return null;
    }
    long n = ring.keys().size(2);
    return shared(new Key(ring.first(), ring.turn()), () -> additive(Ops.cat(1,
        mask.narrow(1, ring.first() + n - ring.turn(), ring.turn()),
        mask.narrow(1, ring.first(), n - ring.turn())).unsqueeze(1)));
  }

  /// A boolean mask (true: attend) as an additive one.
  private Tensor additive(Tensor mask) {
    return Ops.zeros(dtype, device, mask.shape()).maskedFill(mask.not(), masked(dtype));
  }

  /// What is added to a masked score in place of −∞: finite, so that a row whose keys are all masked (padding) is no NaN.
  public static double masked(DType dtype) {
    return dtype == DType.F16 ? -3e4 : -1e30;
  }

  /// The boolean mask behind [#bias]: causal, windowed, by prefix, padding and segment. `[1 or B, n, keys]`
  private Tensor mask(Span span, long from, long n, Keys keys) {
    boolean newest = n == 1 && keys.end() == past + from + 1;                  // a decoding step: nothing lies ahead
    if (newest && layout.keyMask() != null && layout.segments() == null && reachesAll(span)) {
      return paddingMask(layout.keyMask(), keys);
    }
    Tensor q = Ops.arange(past + from, past + from + n, device).view(1, n, 1);
    Tensor k = Ops.arange(keys.first(), keys.end(), device).view(1, 1, keys.count());
    Tensor mask = layout.trunks() == null ? spanMask(span, q, k) : branchMask(span, q, k, from, n, keys);   // [1 or B, n, keys]
    if (layout.prefix() != null) {
      mask = mask.or(k.lt(layout.prefix().view(-1, 1, 1)));                      // [B, n, keys]
    }
    if (layout.keyMask() != null) {
      mask = mask.and(paddingMask(layout.keyMask(), keys));
    }
    if (layout.segments() != null) {
      Tensor s = layout.segments();
      Tensor of = s.narrow(1, keys.first(), keys.count()).unsqueeze(1);        // [B, 1, keys]
      Tensor seen = s.narrow(1, from, n).unsqueeze(2).eq(of);
      mask = mask.and(layout.trunks() == null ? seen : seen.or(layout.trunks().narrow(1, from, n).unsqueeze(2).eq(of)));
    }
    return mask;
  }

  private static Tensor spanMask(Span span, Tensor q, Tensor k) {
    return switch (span) {
      case Span.Full _, Span.DualChunk _ -> k.le(q);
      case Span.Sliding(int window) -> k.le(q).and(k.gt(q.sub(window)));
      case Span.Bidirectional _ -> k.ge(0).or(q.lt(k));                        // everything, in the shape of both
    };
  }

  /// [#spanMask] where an answer may lie far behind its prompt in the row: windows count positions.
  private Tensor branchMask(Span span, Tensor q, Tensor k, long from, long n, Keys keys) {
    if (!(span instanceof Span.Sliding(int window))) {
      return spanMask(span, q, k);
    }
    Tensor at = positions();
    Tensor near = at.narrow(1, keys.first(), keys.count()).unsqueeze(1).gt(at.narrow(1, from, n).unsqueeze(2).sub(window));
    return k.le(q).and(near);
  }

  private static Tensor paddingMask(Tensor mask, Keys keys) {
    return mask.narrow(1, keys.first(), keys.count()).unsqueeze(1);            // [B, 1, keys]
  }

  /// The additive causal mask of a block against its own keys: a triangle. `[n, n]`
  Tensor triangle(long n) {
    record Key(long n) {}
    return shared(new Key(n), () -> Ops.zeros(dtype, device, n, n).maskedFill(
        Ops.arange(0, n, device).view(1, n).gt(Ops.arange(0, n, device).view(n, 1)), masked(dtype)));
  }
}
