package org.jtorch.attention;

import java.util.ArrayList;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Dual Chunk Attention (An et al. 2024, arXiv:2402.17463): rotary distances beyond the trained context are folded into it,
/// without training.
///
/// Keys turn by `j mod s`. A query turns three ways: by `i mod s` for keys of its own chunk, by `s + t` (at most `c − 1`)
/// with `t = i mod s` for the chunk before, by `c − 1` for older ones. Keys need no second rotation while decoding, so the
/// cache holds them as they are. With up to `s` tokens it is plain attention.
///
/// vLLM's variant clamps the successive positions elsewhere; do not expect its bits.
final class DualChunk {
  private final AttentionConfig.Gqa config;
  private final int c;
  private final int s;
  private final AttentionState state;
  private final Rope rope;

  DualChunk(AttentionConfig.Gqa config, Span.DualChunk chunks, AttentionState state) {
    this.config = config;
    this.c = chunks.trained();
    this.s = chunks.chunk();
    this.state = state;
    this.rope = Objects.requireNonNull(config.rope());
  }

  /// @param q `[B, T, H, D]`, not rotated
  /// @param k `[B, T, G, D]`, not rotated
  /// @param v `[B, G, T, D]`
  /// @return `[B, H, T, D]`
  Tensor attend(Tensor q, Tensor k, Tensor v, int layer) {
    long T = q.size(1);
    long past = state.past();
    var own = state.tables(rope, config.headDim(), "dual chunk own", () -> folded(state.positions()));
    Tensor keys = Rope.rotate(k, own).transpose(1, 2);
    KvCache cache = state.cache();
    var kv = cache == null ? KvCache.Filled.of(keys, v) : cache.append(layer, keys, v);
    var queries = new Queries(q, own, state.tables(rope, config.headDim(), "dual chunk next", this::successive),
        state.tables(rope, config.headDim(), "dual chunk far", () -> state.positions().mul(0).add(c - 1)));
    var parts = new ArrayList<Tensor>();
    for (long from = 0, n; from < T; from += n) {
      n = Math.min(BlockedAttention.BLOCK, T - from);
      if (state.isConsecutive()) {
        n = Math.min(n, s - (past + from) % s);                                    // within one chunk
      }
      try (var scope = TensorScope.open()) {
        long end = past + from + n;
        Tensor scores = state.isConsecutive() ? byRange(queries, kv.keys(), from, n) : byDistance(queries, kv.keys(), from, n);
        Tensor bias = state.bias(config.span(), from, n, new AttentionState.Keys(0, end));
        parts.add(scope.promote(weigh(scores.add(bias.unsqueeze(1)), kv.values().narrow(2, 0, end))));
      }
    }
    return parts.size() == 1 ? parts.getFirst() : Ops.cat(2, parts.toArray(Tensor[]::new));
  }

  /// Queries and the tables of their three rotations.
  private record Queries(Tensor q, Rope.Tables own, Rope.Tables next, Rope.Tables far) {
    Tensor turned(Rope.Tables by, long from, long n) {
      return Rope.rotate(q.narrow(1, from, n), new Rope.Tables(by.cos().narrow(1, from, n), by.sin().narrow(1, from, n))).transpose(1, 2);
    }
  }

  /// Queries of one chunk, positions in order: each range of keys meets one rotation, so it costs what plain attention does.
  private Tensor byRange(Queries queries, Tensor keys, long from, long n) {
    long start = state.past() + from;
    long chunk = start / s * s;
    var scores = new ArrayList<Tensor>();
    if (chunk > s) {
      scores.add(dot(queries.turned(queries.far, from, n), keys.narrow(2, 0, chunk - s)));
    }
    if (chunk > 0) {
      scores.add(dot(queries.turned(queries.next, from, n), keys.narrow(2, chunk - s, s)));
    }
    scores.add(dot(queries.turned(queries.own, from, n), keys.narrow(2, chunk, start + n - chunk)));
    return scores.size() == 1 ? scores.getFirst() : Ops.cat(3, scores.toArray(Tensor[]::new));
  }

  /// Any positions: all three products, and each pair takes the one of its distance in chunks.
  private Tensor byDistance(Queries queries, Tensor all, long from, long n) {
    long end = state.past() + from + n;
    Tensor keys = all.narrow(2, 0, end);
    Tensor distance = chunk(state.positions().narrow(1, from, n)).unsqueeze(2)
        .sub(chunk(state.keyPositions().narrow(1, 0, end)).unsqueeze(1)).unsqueeze(1);
    return Ops.where(distance.eq(0), dot(queries.turned(queries.own, from, n), keys),
        Ops.where(distance.eq(1), dot(queries.turned(queries.next, from, n), keys), dot(queries.turned(queries.far, from, n), keys)));
  }

  private Tensor weigh(Tensor scores, Tensor v) {                                  // [B, H, T, S]
    long B = scores.size(0);
    long H = scores.size(1);
    long T = scores.size(2);
    long S = scores.size(3);
    long G = v.size(1);
    return Scores.softmax(scores).reshape(B, G, H / G * T, S).matmul(v).view(B, H, T, v.size(3));
  }

  private Tensor dot(Tensor q, Tensor k) {                                         // [B, H, T, S]
    long B = q.size(0);
    long H = q.size(1);
    long T = q.size(2);
    long G = k.size(1);
    Tensor rows = q.mul(config.scale()).reshape(B, G, H / G * T, q.size(3));
    return config.cap().apply(rows.matmul(k.transpose(2, 3))).view(B, H, T, k.size(2));
  }

  private Tensor chunk(Tensor positions) {
    return positions.floorDiv(s);
  }

  /// `p mod s`
  private Tensor folded(Tensor positions) {
    return positions.sub(chunk(positions).mul(s));
  }

  /// `s + t` below `c`, else `c − 1`: exact within `c − s` of the border.
  private Tensor successive() {
    Tensor far = folded(state.positions()).add(s);
    return Ops.where(far.ge(c), far.mul(0).add(c - 1), far);
  }
}
