package org.jtorch.attention;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionState.Keys;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Rotary positions and attention for training on the CPU, with the gradient written by hand.
///
/// Queries go in blocks of [#BLOCK]; a block meets only the keys that it may see, which halves the work of a causal layer
/// and makes that of a sliding one proportional to its window. The scale is folded into the rotation of q, the softmax runs
/// in place, k and v are not repeated for their group, and the gradients of q, k and v are written straight into one buffer.
/// Probabilities are kept for backward while they are small, and computed again from q and k otherwise, which costs one
/// product in five. libtorch's own fused attention has a bf16 backward that is several times slower on the CPU in this build
/// (docs/decisions/005-attention-paths.md).
///
/// With `S = c tanh(Q Kᵀ / c)`, `P = softmax(S)`, `O = P V`: `dV = Pᵀ dO`, `dP = dO Vᵀ`,
/// `dS = (dP − Σ dO·O) P (1 − (S/c)²)`, `dQ = dS K`, `dK = dSᵀ Q`; without a cap the last factor is 1.
final class BlockedAttention {
  static final int BLOCK = 128;
  /// Probabilities of a call beyond this size are computed again.
  static final long KEEP_BYTES = 8L << 20;

  private final AttentionConfig.Gqa config;
  private final AttentionState state;
  private final Tensor all;
  private final long B;
  private final long T;
  private final int R;
  private final int G;
  private final int D;
  private final boolean keep;

  /// Queries `[from, from + n)`, the keys that they see, and what was kept of them.
  private record Block(long from, long n, Keys keys, @Nullable Scored kept) {}

  /// Rotated queries `[B G, R n, D]`, their capped scores where there is a cap, and probabilities, `[B G, R n, keys]`.
  private record Scored(Tensor q, @Nullable Tensor capped, Tensor p) {}

  private BlockedAttention(Tensor all, AttentionConfig.Gqa config, AttentionState state) {
    this.config = config;
    this.state = state;
    this.all = all;
    this.B = all.size(0);
    this.T = all.size(1);
    this.G = config.kvHeads();
    this.R = config.heads() / G;
    this.D = config.headDim();
    this.keep = !config.cap().isActive() && B * config.heads() * T * T / 2 * all.dtype().bytes() <= KEEP_BYTES;
  }

  /// @param all q, k and v side by side, `[B, T, (H + 2G) D]`; rotated here if the configuration has a rope
  /// @return `[B, T, H D]`
  static Tensor apply(Tensor all, AttentionConfig.Gqa config, AttentionState state, GradTape tape) {
    try (var _ = Grad.off()) {
      return new BlockedAttention(all, config, state).forward(tape);
    }
  }

  private Tensor forward(GradTape tape) {
    Tensor k = emptyHeads();
    rotateKeys(k, keys(all), 1);
    Tensor v = emptyHeads().copyInPlace(values(all));
    Tensor out = Ops.empty(all.dtype(), all.device(), B, T, (long) G * R * D);
    var blocks = new ArrayList<Block>();
    for (long from = 0; from < T; from += BLOCK) {
      try (var scope = TensorScope.open()) {
        blocks.add(block(k, v, out, from, Math.min(BLOCK, T - from), scope));
      }
    }
    var saved = Stream.concat(Stream.of(k, v), blocks.stream().map(Block::kept).filter(java.util.Objects::nonNull)
        .flatMap(s -> Stream.of(s.q, s.p))).toArray(Tensor[]::new);
    return tape.record(out, new Tensor[] {all}, saved, gradient -> new Tensor[] {backward(k, v, blocks, out, gradient)});
  }

  private Block block(Tensor k, Tensor v, Tensor out, long from, long n, TensorScope scope) {
    var keys = state.keys(config.span(), from, n);
    var s = score(k, from, n, keys);
    Tensor o = Ops.bmm(s.p, part(v, keys)).view(B, G, R, n, D);
    out.narrow(1, from, n).view(B, n, G, R, D).copyInPlace(o.permute(0, 3, 1, 2, 4));
    return new Block(from, n, keys, keep ? new Scored(scope.promote(s.q), null, scope.promote(s.p)) : null);
  }

  /// The same in backward as in forward, so that what is computed again has the same bits.
  private Scored score(Tensor k, long from, long n, Keys keys) {
    Tensor q = Ops.empty(all.dtype(), all.device(), B, G, R, n, D);
    rotateQueries(q, queries(all, from, n), from, n, 1);
    Tensor rows = q.view(B * G, R * n, D);
    Tensor p = Ops.bmm(rows, part(k, keys).transpose(1, 2));                      // [B G, R n, keys]
    Tensor capped = null;
    if (config.cap().isActive()) {
      capped = p.mulInPlace(1 / config.cap().cap()).tanhInPlace();                // S / c
      p = capped.mul(config.cap().cap());
    }
    hide(p, from, n, keys);
    Ops.softmaxInto(p, p, 2);
    return new Scored(rows, capped, p);
  }

  private void hide(Tensor scores, long from, long n, Keys keys) {
    Tensor s = scores.view(B, G, R, n, keys.count());
    if (state.plainCausal(config.span())) {
      s.narrow(4, from, n).addInPlace(state.triangle(n));
    } else {
      s.addInPlace(state.bias(config.span(), from, n, keys).unsqueeze(1).unsqueeze(1));
    }
  }

  private Tensor backward(Tensor k, Tensor v, List<Block> blocks, Tensor out, Tensor gradient) {
    Tensor dall = Ops.emptyLike(all);
    Tensor dk = Ops.zeros(all.dtype(), all.device(), B * G, T, D);
    Tensor dv = Ops.zeros(all.dtype(), all.device(), B * G, T, D);
    for (var b : blocks) {
      try (var _ = TensorScope.open()) {
        var s = b.kept == null ? score(k, b.from, b.n, b.keys) : b.kept;
        Tensor d = perGroup(gradient, b);                                         // dO [B G, R n, D]
        part(dv, b.keys).addInPlace(Ops.bmm(s.p.transpose(1, 2), d));
        Tensor delta = d.mul(perGroup(out.detach(), b)).sum(2, true);             // Σ dP·P = Σ dO·O
        Tensor ds = Ops.bmm(d, part(v, b.keys).transpose(1, 2)).addInPlace(delta, -1).mulInPlace(s.p);
        if (s.capped != null) {
          ds.addcmulInPlace(ds.mul(s.capped), s.capped, -1);                      // times 1 − (S/c)²
        }
        part(dk, b.keys).addInPlace(Ops.bmm(ds.transpose(1, 2), s.q));
        Tensor dq = Ops.bmm(ds, part(k, b.keys)).view(B, G, R, b.n, D);
        rotateQueries(queries(dall, b.from, b.n), dq, b.from, b.n, -1);
      }
    }
    rotateKeys(keys(dall), dk.view(B, G, T, D), -1);
    values(dall).copyInPlace(dv.view(B, G, T, D));
    return dall;
  }

  /// The keys of a range. `[B, G, T, D]` or `[B G, T, D]` to `[B G, keys, D]`
  private Tensor part(Tensor heads, Keys keys) {
    return heads.view(B * G, T, D).narrow(1, keys.first(), keys.count());
  }

  /// Queries of a block, grouped by the key-value head that they read. `[B, T, H D]` to `[B G, R n, D]`
  private Tensor perGroup(Tensor t, Block b) {
    return t.narrow(1, b.from, b.n).view(B, b.n, G, R, D).permute(0, 2, 3, 1, 4).reshape(B * G, R * b.n, D);
  }

  /// Rotates queries forward or back and scales them: both ways, since the scale multiplies the gradient too.
  private void rotateQueries(Tensor out, Tensor x, long from, long n, int sign) {
    if (config.rope() == null) {
      Ops.mulInto(out, x, config.scale());
      return;
    }
    var t = state.tables(config.rope(), D);
    Rope.rotateInto(out, x, block(t.cos(), from, n).mul(config.scale()), block(t.sin(), from, n).mul(config.scale()), sign);
  }

  private void rotateKeys(Tensor out, Tensor x, int sign) {
    if (config.rope() == null) {
      out.copyInPlace(x);
      return;
    }
    var t = state.tables(config.rope(), D);
    Rope.rotateInto(out, x, t.cos().unsqueeze(1), t.sin().unsqueeze(1), sign);    // tables [B, 1, T, D/2]
  }

  /// Tables of queries `[from, from + n)` as they meet `[B, G, R, n, D/2]`.
  private static Tensor block(Tensor table, long from, long n) {
    return table.narrow(1, from, n).unsqueeze(1).unsqueeze(1);
  }

  private Tensor queries(Tensor t, long from, long n) {
    return t.narrow(1, from, n).view(B, n, (long) R * G + 2L * G, D).narrow(2, 0, (long) R * G)
        .unflatten(2, G, R).permute(0, 2, 3, 1, 4);                               // [B, G, R, n, D]
  }

  private Tensor keys(Tensor t) {
    return heads(t, (long) R * G);
  }

  private Tensor values(Tensor t) {
    return heads(t, (long) R * G + G);
  }

  private Tensor heads(Tensor t, long first) {
    return t.view(B, T, (long) R * G + 2L * G, D).narrow(2, first, G).transpose(1, 2);     // [B, G, T, D]
  }

  private Tensor emptyHeads() {
    return Ops.empty(all.dtype(), all.device(), B, G, T, D);
  }
}
