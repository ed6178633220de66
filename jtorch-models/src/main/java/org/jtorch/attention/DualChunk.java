package org.jtorch.attention;

import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Dual Chunk Attention (An et al. 2024; papers.md A8, P6): rotary distances beyond the trained context are folded into it,
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
    Tensor keys = turn(k, "dual chunk keys", folded(state.positions()));
    KvCache cache = state.cache();
    var kv = cache == null ? new KvCache.Filled(keys, v, 0, 0) : cache.append(layer, keys, v);
    Tensor distance = chunk(state.positions()).unsqueeze(2).sub(chunk(state.keyPositions()).unsqueeze(1)).unsqueeze(1);
    Tensor scores = Ops.where(distance.eq(0), dot(turn(q, "dual chunk keys", folded(state.positions())), kv.keys()),
        Ops.where(distance.eq(1), dot(turn(q, "dual chunk next", successive()), kv.keys()),
            dot(turn(q, "dual chunk far", state.positions().mul(0).add(c - 1)), kv.keys())));
    long T = q.size(1);
    long S = kv.keys().size(2);
    Tensor bias = state.bias(config.span(), 0, T, new AttentionState.Keys(0, S));
    return weigh(scores.add(bias.unsqueeze(1)), kv.values());
  }

  private Tensor weigh(Tensor scores, Tensor v) {                                  // [B, H, T, S]
    long B = scores.size(0);
    long H = scores.size(1);
    long T = scores.size(2);
    long S = scores.size(3);
    long G = v.size(1);
    return Scores.softmax(scores).reshape(B, G, H / G * T, S).matmul(v).view(B, H, T, v.size(3));
  }

  private Tensor turn(Tensor x, String name, Tensor positions) {
    return Rope.rotate(x, state.tables(rope, config.headDim(), name, () -> positions)).transpose(1, 2);
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
    return Ops.where(far.ge(c), far.mul(0).add(c - 1), far).to(DType.I64);
  }
}
