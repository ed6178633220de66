package org.jtorch.attention;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionState.Keys;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.RotaryPass;
import org.jtorch.tensor.kernel.SoftmaxPass;

/// Rotary positions and attention of whole sequences on the CPU, with the gradient written by hand.
///
/// Queries go in blocks of [#BLOCK]; a block meets only the keys that it may see, which halves the work of a causal layer
/// and makes that of a sliding one proportional to its window. Queries of one time that read the same key lie next to each
/// other, so k and v are not repeated for their group. Scores, the softmax, its gradient's sums and the sums of dk and
/// dv are float32, also in half precision, where the other products are of the model's type. Probabilities are kept for backward
/// while they are small, and computed again from q and k otherwise. libtorch's own fused attention has a bf16 backward that is
/// several times slower on the CPU in this build (docs/decisions/005-attention-paths.md).
///
/// With `S = Q Kᵀ`, `P = softmax(c tanh(S / c))`, `O = P V`: `dV = Pᵀ dO`, `dP = dO Vᵀ`,
/// `dS = (dP − Σ dP·P) P (1 − tanh²(S / c))`, `dQ = dS K`, `dK = dSᵀ Q`; without a cap the last factor is 1.
final class BlockedAttention {
  static final int BLOCK = 128;
  /// Probabilities of a call beyond this size are computed again.
  static final long KEEP_BYTES = 8L << 20;

  private final AttentionConfig.Gqa config;
  private final AttentionState state;
  private final Tensor all;
  private final RotaryPass.Heads heads;
  private final RotaryPass.@Nullable Angles angles;
  private final DType type;
  private final DType precise;
  private final long B;
  private final long T;

  /// Queries `[from, from + n)` and the keys that they see.
  private record Block(long from, long n, Keys keys) {}

  /// Probabilities, and `tanh(S / c)` where there is a cap. `[B G, n R, keys]`
  private record Scored(Tensor p, @Nullable Tensor tanh) {}

  private BlockedAttention(Tensor all, AttentionConfig.Gqa config, AttentionState state) {
    this.config = config;
    this.state = state;
    this.all = all;
    this.heads = config.headLayout();
    this.type = all.dtype();
    this.precise = type.isHalf() ? DType.F32 : type;
    this.B = all.size(0);
    this.T = all.size(1);
    this.angles = config.rope() == null ? null : state.tables(config.rope(), config.headDim()).angles();
  }

  /// @param all q, k and v side by side, `[B, T, (H + 2G) D]`; rotated here if the configuration has a rope
  /// @param tape null if nothing goes back
  /// @return `[B, T, H D]`
  static Tensor apply(Tensor all, AttentionConfig.Gqa config, AttentionState state, @Nullable GradTape tape) {
    try (var _ = Grad.off()) {
      return new BlockedAttention(all.contiguous().detach(), config, state).forward(tape, all);
    }
  }

  private Tensor forward(@Nullable GradTape tape, Tensor input) {
    var parts = RotaryPass.split(all, heads, angles, precise, type);
    Tensor out = Ops.empty(type, all.device(), B, T, (long) heads.G() * heads.R() * heads.D());
    boolean keep = tape != null && !config.cap().isActive() && B * config.heads() * T * T / 2 * type.bytes() <= KEEP_BYTES;
    var kept = new ArrayList<Tensor>();
    for (var b : blocks()) {
      try (var scope = TensorScope.open()) {
        Tensor p = score(parts.q(), parts.k(), b).p;
        Tensor o = Ops.bmm(p, keys(parts.v(), b)).view(B, heads.G(), b.n, heads.R(), heads.D());
        out.narrow(1, b.from, b.n).view(B, b.n, heads.G(), heads.R(), heads.D()).copyInPlace(o.transpose(1, 2));
        if (keep) {
          kept.add(scope.promote(p));
        }
      }
    }
    if (tape == null) {
      return out;
    }
    var saved = new ArrayList<>(kept);
    saved.add(all);
    return tape.record(out, new Tensor[] {input}, saved.toArray(Tensor[]::new), dout -> new Tensor[] {backward(kept, dout)});
  }

  private List<Block> blocks() {
    var blocks = new ArrayList<Block>();
    for (long from = 0; from < T; from += BLOCK) {
      long n = Math.min(BLOCK, T - from);
      blocks.add(new Block(from, n, state.keys(config.span(), from, n)));
    }
    return blocks;
  }

  /// The same in backward as in forward, so that what is computed again has the same bits.
  private Scored score(Tensor q, Tensor k, Block b) {
    Tensor scores = Ops.bmm(queries(q, b), keys(k, b).transpose(1, 2));            // [B G, n R, keys]
    boolean capped = config.cap().isActive();
    Tensor p = type == precise && !capped ? scores : Ops.empty(type, all.device(), scores.shape());
    var mask = state.plainCausal(config.span()) ? new SoftmaxPass.Mask(heads.R(), b.from + 1 - b.keys.first(), null)
        : new SoftmaxPass.Mask(heads.R(), -1, state.bias(config.span(), b.from, b.n, b.keys));
    SoftmaxPass.forward(scores, p, mask, config.cap().cap());
    return new Scored(p, capped ? scores : null);
  }

  private Tensor backward(List<Tensor> kept, Tensor gradient) {
    boolean again = kept.isEmpty();
    var full = RotaryPass.split(all, heads, angles, again ? precise : type, type);
    Tensor q = full.q().to(type);
    Tensor k = full.k().to(type);
    Tensor dout = gradient.view(B, T, heads.G(), heads.R(), heads.D()).transpose(1, 2).contiguous();   // [B, G, T, R, D]
    var d = new RotaryPass.Parts(Ops.emptyLike(q), Ops.zeros(precise, all.device(), k.shape()), Ops.zeros(precise, all.device(), k.shape()));
    var blocks = blocks();
    for (int i = 0; i < blocks.size(); i++) {
      var b = blocks.get(i);
      try (var _ = TensorScope.open()) {
        var s = again ? score(full.q(), full.k(), b) : new Scored(kept.get(i), null);
        keys(d.v(), b).addInPlace(Ops.bmm(s.p.transpose(1, 2), queries(dout, b)));
        Tensor ds = Ops.bmm(queries(dout, b), keys(full.v(), b).transpose(1, 2));                      // dP, then dS
        SoftmaxPass.backward(ds, s.p, s.tanh, ds);
        keys(d.k(), b).addInPlace(Ops.bmm(ds.transpose(1, 2), queries(q, b)));
        queries(d.q(), b).copyInPlace(Ops.bmm(ds, keys(k, b)));
      }
    }
    return RotaryPass.join(d, heads, angles, type);
  }

  /// The keys of a block. `[B, G, T, D]` to `[B G, keys, D]`
  private Tensor keys(Tensor t, Block b) {
    return t.view(B * heads.G(), T, heads.D()).narrow(1, b.keys.first(), b.keys.count());
  }

  /// The queries of a block. `[B, G, T, R, D]` to `[B G, n R, D]`
  private Tensor queries(Tensor t, Block b) {
    return t.view(B * heads.G(), T * heads.R(), heads.D()).narrow(1, b.from * heads.R(), b.n * heads.R());
  }
}
