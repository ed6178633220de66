package org.jtorch.attention;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// What the attention layers of one forward share: rotary tables, masks, the cache. Made by the model at the
/// start of a forward; its tensors live in the scope of that forward.
public final class AttentionState implements Pass.Shared {
  /// What a hidden score becomes: finite, so that a row without any visible key (padding) is no NaN.
  static final double HIDDEN = -1e30;

  private final Pass pass;
  private final TensorScope scope;
  private final @Nullable KvCache cache;
  private final DType dtype;
  private final Device device;
  private final long past;
  private final long tokens;
  private final Map<Object, Tensor> tensors = new HashMap<>();

  /// @param scope the forward's scope, which outlives every layer call
  /// @param ids int64 `[B, T]`
  public AttentionState(Pass pass, TensorScope scope, Tensor ids, DType dtype, @Nullable KvCache cache) {
    this.pass = pass;
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

  /// Tokens before this pass.
  long past() {
    return past;
  }

  private Tensor keep(Object key, java.util.function.Supplier<Tensor> make) {
    Tensor found = tensors.get(key);
    if (found == null) {
      try (var inner = TensorScope.open()) {
        found = make.get();
        found = scope.adopt(found);
      }
      tensors.put(key, found);
    }
    return found;
  }

  /// Rotary tables for this pass's positions, in the activations' type. `[1 or B, T, D/2]`
  Rope.Tables tables(Rope rope, int headDim) {
    record Key(Rope rope, int headDim, boolean sine) {}
    var cos = new Key(rope, headDim, false);
    var sin = new Key(rope, headDim, true);
    Tensor c = tensors.get(cos);
    Tensor s = tensors.get(sin);
    if (c == null || s == null) {
      try (var _ = TensorScope.open()) {
        Tensor positions = pass.positions() == null ? Rope.consecutive(past, tokens, device) : pass.positions();
        boolean ask = pass.positions() != null && rope.scaling() instanceof RopeScaling.Dynamic;   // waits for the device
        long length = ask ? positions.max().itemLong() + 1 : past + tokens;
        var t = rope.tables(positions, headDim, length).to(dtype);
        c = scope.adopt(t.cos());
        s = scope.adopt(t.sin());
      }
      tensors.put(cos, c);
      tensors.put(sin, s);
    }
    return new Rope.Tables(c, s);
  }

  /// True if "each query sees all keys up to its own" is the whole truth.
  boolean plainCausal(Span span) {
    return pass.keyMask() == null && pass.segments() == null && reachesAll(span);
  }

  private boolean reachesAll(Span span) {
    return switch (span) {
      case Span.Full _ -> true;
      case Span.Sliding(int window) -> window >= past + tokens;
    };
  }

  /// 0 where a key is visible, [#HIDDEN] where not, for queries `[from, from + n)` of this pass against keys
  /// `[0, keys)`. `[1 or B, n, keys]`
  Tensor bias(Span span, long from, long n, long keys) {
    record Key(Span span, long from, long n, long keys) {}
    return keep(new Key(span, from, n, keys), () -> {
      Tensor hidden = visible(span, from, n, keys).not();
      return Ops.zeros(dtype, device, hidden.shape()).maskedFill(hidden, HIDDEN);
    });
  }

  private Tensor visible(Span span, long from, long n, long keys) {
    boolean newest = n == 1 && keys == past + from + 1;                        // a decoding step: nothing lies ahead
    if (newest && pass.keyMask() != null && pass.segments() == null && reachesAll(span)) {
      return pass.keyMask().narrow(1, 0, keys).unsqueeze(1);                   // [B, 1, keys]
    }
    Tensor q = Ops.arange(past + from, past + from + n, device).view(1, n, 1);
    Tensor k = Ops.arange(0, keys, device).view(1, 1, keys);
    Tensor see = k.le(q);                                                      // [1, n, keys]
    if (span instanceof Span.Sliding(int window)) {
      see = see.and(k.gt(q.sub(window)));
    }
    if (pass.keyMask() != null) {
      see = see.and(pass.keyMask().narrow(1, 0, keys).unsqueeze(1));           // [B, 1, keys]
    }
    if (pass.segments() != null) {
      Tensor s = pass.segments();
      see = see.and(s.narrow(1, from, n).unsqueeze(2).eq(s.narrow(1, 0, keys).unsqueeze(1)));
    }
    return see;
  }

  /// The triangle that hides a block's own future. `[n, n]`
  Tensor triangle(long n) {
    record Key(long n) {}
    return keep(new Key(n), () -> Ops.zeros(dtype, device, n, n).maskedFill(
        Ops.arange(0, n, device).view(1, n).gt(Ops.arange(0, n, device).view(n, 1)), HIDDEN));
  }
}
