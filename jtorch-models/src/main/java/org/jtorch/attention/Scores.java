package org.jtorch.attention;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionState.Keys;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Attention of rotated queries over keys and values, without a tape: what autograd differentiates on the CPU and all of
/// float32 goes through products and softmax; half precision without gradients, single new tokens and CUDA through
/// libtorch's fused attention, which knows no soft cap.
final class Scores {
  private final AttentionConfig.Gqa config;
  private final AttentionState state;

  Scores(AttentionConfig.Gqa config, AttentionState state) {
    this.config = config;
    this.state = state;
  }

  /// q `[B, H, T, D]`; result `[B, H, T, D]`
  Tensor attend(Tensor q, KvCache.Filled kv) {
    long T = q.size(2);
    if (T == 1 && !Grad.isOn()) {
      return decode(q, kv);
    }
    Tensor k = kv.keys();
    Tensor v = kv.values();
    boolean fused = q.device().isCuda() || (!Grad.isOn() && q.dtype().isHalf());
    if (fused && !config.cap().isActive()) {
      boolean causal = T == k.size(2) && (state.plainCausal(config.span()) || state.causalBesidePadding(config.span()));
      Tensor bias = causal ? null : bias(kv, 0, T, all(kv));
      Tensor mask = bias == null ? null : bias.unsqueeze(1);
      if (q.device().isCuda() && (mask != null || !q.dtype().isHalf())) {
        return Ops.attention(q, repeated(k, q.size(1)), repeated(v, q.size(1)), mask, causal, config.scale());
      }
      return Ops.attention(q, k, v, mask, causal, config.scale());
    }
    return Grad.isOn() ? products(q, k, v, bias(kv, 0, T, all(kv)), config.scale(), config.cap()) : blocks(q, kv);
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
  private Tensor decode(Tensor q, KvCache.Filled kv) {
    long B = q.size(0);
    long G = config.kvHeads();
    Tensor rows = q.reshape(B, G, config.heads() / G, config.headDim());
    Tensor bias = kv.turn() != 0 ? state.ringBias(kv)
        : state.plainCausal(config.span()) ? null : state.bias(config.span(), 0, 1, all(kv));
    if (config.cap().isActive()) {
      return products(q, kv.keys(), kv.values(), bias, config.scale(), config.cap());
    }
    Tensor mask = bias == null ? null : bias.unsqueeze(1);
    return Ops.attention(rows, kv.keys(), kv.values(), mask, false, config.scale()).reshape(q.shape());
  }

  /// [#products] a block of queries at a time, against the keys that it may see: without gradients in float32, where the
  /// fused kernel calls OpenBLAS from inside its own threads and loses several times over.
  private Tensor blocks(Tensor q, KvCache.Filled kv) {
    long T = q.size(2);
    Tensor out = Ops.empty(q.dtype(), q.device(), q.shape());
    for (long from = 0; from < T; from += BlockedAttention.BLOCK) {
      long n = Math.min(BlockedAttention.BLOCK, T - from);
      var keys = state.keys(config.span(), from, n);
      try (var _ = TensorScope.open()) {
        long at = keys.first() - kv.first();
        out.narrow(2, from, n).copyInPlace(products(q.narrow(2, from, n), kv.keys().narrow(2, at, keys.count()),
            kv.values().narrow(2, at, keys.count()), bias(kv, from, n, keys), config.scale(), config.cap()));
      }
    }
    return out;
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
