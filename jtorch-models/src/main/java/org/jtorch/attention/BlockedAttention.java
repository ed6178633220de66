package org.jtorch.attention;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Rotary positions and causal attention for training on the CPU, with the gradient written by hand.
///
/// Queries go in blocks of [#BLOCK]; a block meets only the keys that it may see, which halves the work. The
/// scale is folded into the rotation of q, the softmax runs in place, k and v are not repeated for their group,
/// and the gradients of q, k and v are written straight into one buffer. libtorch's own fused attention has a
/// bf16 backward that is several times slower on the CPU in this build (docs/decisions/005-attention-paths.md).
///
/// With `P = softmax(Q Kᵀ)`, `O = P V`: `dV = Pᵀ dO`, `dP = dO Vᵀ`, `dS = (dP − Σ dO·O) P`, `dQ = dS K`, `dK = dSᵀ Q`.
final class BlockedAttention {
  static final int BLOCK = 128;

  private final AttentionConfig.Gqa config;
  private final AttentionState state;
  private final long B;
  private final long T;
  private final int R;
  private final int G;
  private final int D;

  /// Queries `[from, from + n)` as they were multiplied, and their probabilities over the keys `[0, keys)`.
  private record Block(long from, long n, Tensor q, Tensor p) {
    long keys() {
      return from + n;
    }
  }

  private BlockedAttention(Tensor all, AttentionConfig.Gqa config, AttentionState state) {
    this.config = config;
    this.state = state;
    this.B = all.size(0);
    this.T = all.size(1);
    this.G = config.kvHeads();
    this.R = config.heads() / G;
    this.D = config.headDim();
  }

  /// @param all q, k and v side by side, `[B, T, (H + 2G) D]`
  /// @return `[B, T, H D]`
  static Tensor apply(Tensor all, AttentionConfig.Gqa config, AttentionState state, GradTape tape) {
    try (var _ = Grad.off()) {
      return new BlockedAttention(all, config, state).forward(all, tape);
    }
  }

  private Tensor forward(Tensor all, GradTape tape) {
    var tables = state.tables(config.rope(), D);
    Tensor k = emptyHeads(all);
    Rope.rotateInto(k, keys(all), perHead(tables.cos()), perHead(tables.sin()), 1);
    Tensor v = emptyHeads(all).copyInPlace(values(all));
    Tensor kt = k.view(B * G, T, D).transpose(1, 2);
    Tensor vs = v.view(B * G, T, D);
    Tensor out = Ops.empty(all.dtype(), all.device(), B, T, (long) G * R * D);
    var blocks = new ArrayList<Block>();
    for (long from = 0; from < T; from += BLOCK) {
      try (var scope = TensorScope.open()) {
        blocks.add(block(all, kt, vs, out, from, Math.min(BLOCK, T - from), scope));
      }
    }
    var saved = new ArrayList<Tensor>(List.of(k, v));
    for (var b : blocks) {
      saved.add(b.q());
      saved.add(b.p());
    }
    return tape.record(out, new Tensor[] {all}, saved.toArray(Tensor[]::new),
        gradient -> new Tensor[] {backward(all, k, v, blocks, out, gradient)});
  }

  private Block block(Tensor all, Tensor kt, Tensor vs, Tensor out, long from, long n, TensorScope scope) {
    Tensor q = Ops.empty(all.dtype(), all.device(), B, G, R, n, D);
    rotateQueries(q, queries(all, from, n), from, n, 1);
    Tensor rows = q.view(B * G, R * n, D);
    Tensor p = Ops.bmm(rows, kt.narrow(2, 0, from + n));                          // [B G, R n, from + n]
    hide(p, from, n);
    Ops.softmaxInto(p, p, 2);
    Tensor o = Ops.bmm(p, vs.narrow(1, 0, from + n)).view(B, G, R, n, D);
    out.narrow(1, from, n).view(B, n, G, R, D).copyInPlace(o.permute(0, 3, 1, 2, 4));
    return new Block(from, n, scope.promote(rows), scope.promote(p));
  }

  private void hide(Tensor scores, long from, long n) {
    Tensor s = scores.view(B, G, R, n, from + n);
    if (state.plainCausal(config.span())) {
      s.narrow(4, from, n).addInPlace(state.triangle(n));
    } else {
      s.addInPlace(state.bias(config.span(), from, n, from + n).unsqueeze(1).unsqueeze(1));
    }
  }

  private Tensor backward(Tensor all, Tensor k, Tensor v, List<Block> blocks, Tensor out, Tensor gradient) {
    Tensor dall = Ops.emptyLike(all);
    Tensor dk = Ops.zeros(all.dtype(), all.device(), B * G, T, D);
    Tensor dv = Ops.zeros(all.dtype(), all.device(), B * G, T, D);
    Tensor ks = k.view(B * G, T, D);
    Tensor vt = v.view(B * G, T, D).transpose(1, 2);
    for (var b : blocks) {
      try (var _ = TensorScope.open()) {
        Tensor d = perGroup(gradient, b);                                         // dO [B G, R n, D]
        dv.narrow(1, 0, b.keys()).addInPlace(Ops.bmm(b.p().transpose(1, 2), d));
        Tensor delta = d.mul(perGroup(out.detach(), b)).sum(2, true);             // Σ dP·P = Σ dO·O
        Tensor ds = Ops.bmm(d, vt.narrow(2, 0, b.keys())).addInPlace(delta, -1).mulInPlace(b.p());
        dk.narrow(1, 0, b.keys()).addInPlace(Ops.bmm(ds.transpose(1, 2), b.q()));
        Tensor dq = Ops.bmm(ds, ks.narrow(1, 0, b.keys())).view(B, G, R, b.n(), D);
        rotateBack(queries(dall, b.from(), b.n()), dq, b.from(), b.n());
      }
    }
    var tables = state.tables(config.rope(), D);
    Rope.rotateInto(keys(dall), dk.view(B, G, T, D), perHead(tables.cos()), perHead(tables.sin()), -1);
    values(dall).copyInPlace(dv.view(B, G, T, D));
    return dall;
  }

  /// Queries of a block, grouped by the key-value head that they read. `[B, T, H D]` to `[B G, R n, D]`
  private Tensor perGroup(Tensor t, Block b) {
    return t.narrow(1, b.from(), b.n()).view(B, b.n(), G, R, D).permute(0, 2, 3, 1, 4).reshape(B * G, R * b.n(), D);
  }

  private void rotateQueries(Tensor out, Tensor x, long from, long n, int sign) {
    var t = state.tables(config.rope(), D);
    double scale = 1 / Math.sqrt(D);
    Rope.rotateInto(out, x, block(t.cos(), from, n).mul(scale), block(t.sin(), from, n).mul(scale), sign);
  }

  private void rotateBack(Tensor out, Tensor dq, long from, long n) {
    rotateQueries(out, dq, from, n, -1);
  }

  /// Tables of queries `[from, from + n)` as they meet `[B, G, R, n, D/2]`.
  private static Tensor block(Tensor table, long from, long n) {
    return table.narrow(1, from, n).unsqueeze(1).unsqueeze(1);
  }

  private static Tensor perHead(Tensor table) {
    return table.unsqueeze(1);                                                    // [B, 1, T, D/2]
  }

  private Tensor queries(Tensor all, long from, long n) {
    return all.narrow(1, from, n).view(B, n, (long) R * G + 2L * G, D).narrow(2, 0, (long) R * G)
        .unflatten(2, G, R).permute(0, 2, 3, 1, 4);                               // [B, G, R, n, D]
  }

  private Tensor keys(Tensor all) {
    return heads(all, (long) R * G);
  }

  private Tensor values(Tensor all) {
    return heads(all, (long) R * G + G);
  }

  private Tensor heads(Tensor all, long first) {
    return all.view(B, T, (long) R * G + 2L * G, D).narrow(2, first, G).transpose(1, 2);   // [B, G, T, D]
  }

  private Tensor emptyHeads(Tensor all) {
    return Ops.empty(all.dtype(), all.device(), B, G, T, D);
  }
}
