package org.jtorch.attention;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionState.Keys;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Attention of rotated queries over keys and values, without a tape. On the CPU it is products and softmax: what autograd
/// differentiates in one piece, and without gradients one new token at a time, or a block of queries at a time, so that no
/// `T × T` scores exist. On CUDA it is libtorch's fused attention, which knows no soft cap.
final class Scores {
  /// Keys of a half-precision step are rounded up to a multiple of this: oneDNN compiles a kernel for each shape it meets.
  private static final long STRIDE = 64;

  private final AttentionConfig.Gqa config;
  private final AttentionState state;

  Scores(AttentionConfig.Gqa config, AttentionState state) {
    this.config = config;
    this.state = state;
  }

  /// q `[B, H, T, D]`; result `[B, H, T, D]`
  Tensor attend(Tensor q, KvCache.Filled kv) {
    boolean one = q.size(2) == 1 && !Grad.isOn();
    if (q.device().isCuda() && !config.cap().isActive()) {
      return one ? fusedStep(q, kv) : fused(q, kv);
    }
    if (Grad.isOn()) {
      return products(q, kv.keys(), kv.values(), bias(kv, 0, q.size(2), all(kv)), config.scale(), config.cap());
    }
    return one ? step(q, kv) : blocks(q, kv);
  }

  private Tensor fused(Tensor q, KvCache.Filled kv) {
    long T = q.size(2);
    boolean causal = T == kv.keys().size(2) && (state.plainCausal(config.span()) || state.causalBesidePadding(config.span()));
    Tensor bias = causal ? null : bias(kv, 0, T, all(kv));
    Tensor mask = bias == null ? null : bias.unsqueeze(1);
    if (mask != null || !q.dtype().isHalf()) {
      return Ops.attention(q, repeated(kv.keys(), q.size(1)), repeated(kv.values(), q.size(1)), mask, causal, config.scale(), steady());
    }
    return Ops.attention(q, kv.keys(), kv.values(), null, causal, config.scale(), steady());
  }

  /// Texts that are being written grow by a token at each step.
  private boolean steady() {
    return state.cache() == null;
  }

  /// [#attend] with keys and values before those of the text that every query sees. q `[B, H, T, D]`
  Tensor attendAfter(KeyValuePrefix.Pair prefix, Tensor q, KvCache.Filled kv) {
    long T = q.size(2);
    Tensor text = kv.turn() != 0 ? state.ringBias(kv) : bias(kv, 0, T, all(kv));
    Tensor seen = text != null ? text : Ops.zeros(q.dtype(), q.device(), 1, T, kv.keys().size(2));
    Tensor open = Ops.zeros(q.dtype(), q.device(), seen.size(0), T, prefix.keys().size(1));
    return products(q, before(prefix.keys(), kv.keys()), before(prefix.values(), kv.values()), Ops.cat(2, open, seen),
        config.scale(), config.cap());
  }

  /// `[G, P, D]` before each row of `[B, G, S, D]`
  private static Tensor before(Tensor prefix, Tensor rows) {
    Tensor each = prefix.to(rows.dtype()).unsqueeze(0).expand(rows.size(0), -1, -1, -1);
    return Ops.cat(2, each, rows);
  }

  private static Keys all(KvCache.Filled kv) {
    return new Keys(kv.first(), kv.first() + kv.keys().size(2));
  }

  /// Each key-value head once for every query of its group: CUDA's fused kernels know groups only in half precision without a
  /// mask, and the rest would go through plain products. `[B, G, S, D]` to `[B, H, S, D]`
  static Tensor repeated(Tensor x, long heads) {
    long G = x.size(1);
    return G == heads ? x : x.unsqueeze(2).expand(x.size(0), G, heads / G, x.size(2), x.size(3))
        .reshape(x.size(0), heads, x.size(2), x.size(3));
  }

  /// Null if every query sees every key.
  private @Nullable Tensor bias(KvCache.Filled kv, long from, long n, Keys keys) {
    if (kv.turn() != 0) {
      throw new IllegalStateException("decoding past the sliding window with gradients on: a ring of keys serves one new token at a time, "
          + "without gradients; wrap the call in `try (var _ = Grad.off())`");
    }
    return state.seesAll(config.span()) ? null : state.bias(config.span(), from, n, keys);
  }

  /// One new token a row: the heads that share keys take the place of time in the fused kernel, so that keys and values
  /// are read once and never repeated. q `[B, H, 1, D]`
  private Tensor fusedStep(Tensor q, KvCache.Filled kv) {
    Tensor rows = q.reshape(q.size(0), config.kvHeads(), config.heads() / config.kvHeads(), config.headDim());
    return fused(rows, kv, config.scale()).reshape(q.shape());
  }

  /// rows `[B, G, R, D]`; result of the same shape
  private Tensor fused(Tensor rows, KvCache.Filled kv, double scale) {
    Tensor bias = stepBias(kv);
    return Ops.attention(rows, kv.keys(), kv.values(), bias == null ? null : bias.unsqueeze(1), false, scale, false);
  }

  /// Null if the new token sees all of these keys. `[1 or B, 1, keys]`
  private @Nullable Tensor stepBias(KvCache.Filled kv) {
    if (kv.turn() != 0) {
      return state.ringBias(kv);
    }
    boolean open = state.plainCausal(config.span()) && kv.first() + kv.keys().size(2) == state.past() + 1;
    return open ? null : state.bias(config.span(), 0, 1, all(kv));
  }

  /// One new token a row whose queries are scaled already. q `[B, G, 1, R, D]`; result `[B, 1, H D]`
  Tensor attendScaled(Tensor q, KvCache.Filled kv) {
    long B = q.size(0);
    long G = config.kvHeads();
    long R = config.heads() / G;
    long D = config.headDim();
    Tensor y = inProducts(q) ? products(q.view(B * G, R, D), B, kv) : fused(q.view(B, G, R, D), kv, 1);
    return y.view(B, 1, G * R * D);
  }

  private boolean inProducts(Tensor q) {
    return q.dtype().isHalf() || config.cap().isActive();
  }

  /// [#fusedStep] as two products for each key-value head and the heads that read it, with the softmax in place: in half
  /// precision, where the fused kernel multiplies element by element here, and under a cap. Keys times queries is up to four
  /// times as fast as queries times keys, for it leaves the many keys as they lie. q `[B, H, 1, D]`
  private Tensor step(Tensor q, KvCache.Filled filled) {
    if (!inProducts(q)) {
      return fusedStep(q, filled);
    }
    long B = q.size(0);
    long G = config.kvHeads();
    long R = config.heads() / G;
    return products(q.mul(config.scale()).reshape(B * G, R, config.headDim()), B, filled).view(B, G * R, 1, config.headDim());
  }

  /// rows scaled queries `[B G, R, D]`; result of the same shape
  private Tensor products(Tensor rows, long B, KvCache.Filled filled) {
    var kv = rounded(filled);
    long G = config.kvHeads();
    long R = rows.size(1);
    long S = kv.keys().size(2);
    long D = rows.size(2);
    Tensor s = config.cap().apply(Ops.bmm(kv.keys().reshape(B * G, S, D), rows.transpose(1, 2)).transpose(1, 2).contiguous()); // [B G, R, S]
    Tensor bias = stepBias(kv);
    if (bias != null) {
      s.view(B, G * R, S).addInPlace(bias);
    }
    Ops.softmaxInto(s, s, 2);
    return Ops.bmm(s, kv.values().reshape(B * G, S, D));
  }

  private KvCache.Filled rounded(KvCache.Filled kv) {
    long keys = kv.keys().size(2);
    return kv.turn() != 0 || kv.first() != 0 ? kv
        : kv.widened(Math.max(keys, Math.min((keys + STRIDE - 1) / STRIDE * STRIDE, state.room(keys, kv.room().size()))));
  }

  /// A block of queries at a time, against the keys that it may see, with the softmax in place.
  private Tensor blocks(Tensor q, KvCache.Filled kv) {
    long B = q.size(0);
    long H = q.size(1);
    long T = q.size(2);
    long D = q.size(3);
    long G = config.kvHeads();
    Tensor k = kv.keys().reshape(B * G, kv.keys().size(2), D);
    Tensor v = kv.values().reshape(B * G, kv.keys().size(2), D);
    Tensor out = Ops.empty(q.dtype(), q.device(), B, T, H, D).transpose(1, 2);     // time before heads, as the next layer reads it
    for (long from = 0; from < T; from += BlockedAttention.BLOCK) {
      long n = Math.min(BlockedAttention.BLOCK, T - from);
      var keys = state.keys(config.span(), from, n);
      try (var _ = TensorScope.open()) {
        Tensor rows = Ops.empty(q.dtype(), q.device(), B, H, n, D);
        Ops.mulInto(rows, q.narrow(2, from, n), config.scale());
        Tensor s = config.cap().apply(Ops.bmm(rows.view(B * G, H / G * n, D), part(k, kv, keys).transpose(1, 2)));
        hide(s.view(B, H, n, keys.count()), kv, from, keys);
        Ops.softmaxInto(s, s, 2);
        out.narrow(2, from, n).copyInPlace(Ops.bmm(s, part(v, kv, keys)).view(B, H, n, D));
      }
    }
    return out;
  }

  private static Tensor part(Tensor heads, KvCache.Filled kv, Keys keys) {
    return heads.narrow(1, keys.first() - kv.first(), keys.count());
  }

  /// scores `[B, H, n, keys]`
  private void hide(Tensor scores, KvCache.Filled kv, long from, Keys keys) {
    long n = scores.size(2);
    if (state.plainCausal(config.span())) {
      scores.narrow(3, keys.count() - n, n).addInPlace(state.triangle(n));
      return;
    }
    Tensor bias = bias(kv, from, n, keys);
    if (bias != null) {
      scores.addInPlace(bias.unsqueeze(1));
    }
  }

  /// Products and softmax, one key-value head against its group of queries: k and v are never repeated.
  ///
  /// @param bias `[1 or B, T, S]`, or null
  static Tensor products(Tensor q, Tensor k, Tensor v, @Nullable Tensor bias, double scale, SoftCap cap) {
    long B = q.size(0);
    long H = q.size(1);
    long T = q.size(2);
    long D = q.size(3);
    long G = k.size(1);
    long S = k.size(2);
    Tensor rows = q.mul(scale).reshape(B, G, H / G * T, D);
    Tensor scores = cap.apply(rows.matmul(k.transpose(2, 3))).view(B, G, H / G, T, S);
    if (bias != null) {
      scores = scores.add(bias.unsqueeze(1).unsqueeze(1));
    }
    return softmax(scores).view(B, G, H / G * T, S).matmul(v).view(B, H, T, D);
  }

  /// In float32, then back.
  static Tensor softmax(Tensor scores) {
    return (scores.dtype().isHalf() ? scores.to(DType.F32) : scores).softmax(-1).to(scores.dtype());
  }
}
