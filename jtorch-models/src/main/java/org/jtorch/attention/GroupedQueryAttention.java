package org.jtorch.attention;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.nn.RmsNorm;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.RotaryPass;

/// Grouped-query attention. B batch, T time, C channels, H query heads, G key-value heads, D head size; query head j reads
/// key-value head j / (H/G).
///
/// q, k and v are one product. Paths by device and need (docs/decisions/005-attention-paths.md): whole sequences on the
/// CPU go through [BlockedAttention], everything else through [Scores]; [DualChunk] folds distances.
public final class GroupedQueryAttention extends Layer {
  private final AttentionConfig.Gqa config;
  private final int layer;
  private final Linear qkv;
  private final Linear out;
  private final @Nullable HeadNorms norms;
  private @Nullable KeyValuePrefix prefix;

  /// Norms of the heads of q and of k. weights `[D]`
  private record HeadNorms(Layer q, Layer k, boolean afterRope) {}

  /// How a checkpoint calls the four products.
  public record Names(String q, String k, String v, String out) {
    public static final Names DECODER = new Names("q_proj", "k_proj", "v_proj", "o_proj");
  }

  /// @param init how q and k begin
  /// @param valueInit how v and the output projection begin
  public GroupedQueryAttention(AttentionConfig.Gqa config, int dim, int layer, Init init, Init valueInit) {
    this(config, dim, layer, init, valueInit, Names.DECODER);
  }

  public GroupedQueryAttention(AttentionConfig.Gqa config, int dim, int layer, Init init, Init valueInit, Names names) {
    this.config = config;
    this.layer = layer;
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    var outputs = List.of(new Linear.Output(names.q(), q, init), new Linear.Output(names.k(), kv, init),
        new Linear.Output(names.v(), kv, valueInit));
    this.qkv = child("", new Linear(dim, outputs, config.qkvBias()));
    this.out = child(names.out(), new Linear(q, dim, config.outputBias(), valueInit));
    this.norms = switch (config.qkNorm()) {
      case QkNorm.None _ -> null;
      case QkNorm.BeforeRope(double eps) -> headNorms(eps, false);
      case QkNorm.AfterRope(double eps) -> headNorms(eps, true);
    };
  }

  private HeadNorms headNorms(double eps, boolean afterRope) {
    return new HeadNorms(child("q_norm", new RmsNorm(config.headDim(), eps)), child("k_norm", new RmsNorm(config.headDim(), eps)),
        afterRope);
  }

  public AttentionConfig.Gqa config() {
    return config;
  }

  public @Nullable KeyValuePrefix prefix() {
    return prefix;
  }

  /// Puts keys and values before those of every text, or takes them off (null).
  public void prefix(@Nullable KeyValuePrefix p) {
    if (p != null && config.span() instanceof Span.DualChunk) {
      throw new IllegalArgumentException("dual chunk attention folds positions and takes no prefix; choose a LoRA");
    }
    prefix = p;
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                       // [B, T, C]
    var state = AttentionState.of(pass);
    GradTape tape = pass.tape();
    Tensor all = qkv.apply(x, pass);                                              // [B, T, (H + 2G) D]
    if (tape != null && norms != null) {
      all = tape.cut(all);                                                        // q, k and v go back different ways
    }
    boolean whole = x.device().isCuda() || config.span() instanceof Span.DualChunk || prefixed(pass);
    boolean blocks = !whole && (tape != null || !Grad.isOn() && state.cache() == null);
    Tensor y = blocks ? inBlocks(all, pass, state, tape) : whole ? null : step(all, state);
    return out.apply(y == null ? plain(all, pass, state) : y, pass);              // [B, T, C]
  }

  /// One new token a row in few passes, or null where this is something else. `[B, 1, (H + 2G) D]` to `[B, 1, H D]`
  private @Nullable Tensor step(Tensor all, AttentionState state) {
    var cache = state.cache();
    if (cache == null || all.size(1) != 1 || Grad.isOn() || norms != null) {
      return null;
    }
    var angles = config.rope() == null ? null : state.tables(config.rope(), config.headDim()).angles();
    var parts = RotaryPass.splitStep(all, config.headLayout(), angles);
    return parts == null ? null : new Scores(config, state).attendScaled(parts.q(), cache.append(layer, parts.k(), parts.v()));
  }

  private boolean prefixed(Pass pass) {
    return prefix != null && pass.adapters();
  }

  private Tensor inBlocks(Tensor all, Pass pass, AttentionState state, @Nullable GradTape tape) {
    if (norms == null) {
      return BlockedAttention.apply(all, config, state, tape);
    }
    Tensor[] parts = split(all);
    Tensor ready = Ops.cat(2, normed(parts[0], pass, state), parts[1]).view(all.shape());
    return BlockedAttention.apply(ready, norms.afterRope ? config.withRope(null) : config, state, tape);
  }

  /// Heads side by side: those of q and k `[B, T, H + G, D]`, those of v `[B, T, G, D]`.
  private Tensor[] split(Tensor all) {
    int H = config.heads();
    int G = config.kvHeads();
    return all.view(all.size(0), all.size(1), H + 2L * G, config.headDim()).split(2, H + G, G);
  }

  /// q and k with their norms, rotated already if the norm comes after the rotation. `[B, T, H + G, D]`
  private Tensor normed(Tensor qk, Pass pass, AttentionState state) {
    if (norms == null) {
      return qk;
    }
    Tensor[] each = qk.split(2, config.heads(), config.kvHeads());
    return Ops.cat(2, norms.q.apply(norms.afterRope ? rotate(each[0], state) : each[0], pass),
        norms.k.apply(norms.afterRope ? rotate(each[1], state) : each[1], pass));
  }

  private Tensor rotate(Tensor x, AttentionState state) {
    if (config.rope() == null) {
      return x;
    }
    return Rope.rotate(x, state.tables(config.rope(), config.headDim()));
  }

  private Tensor plain(Tensor all, Pass pass, AttentionState state) {
    Tensor[] parts = split(all);
    Tensor qk = normed(parts[0], pass, state);
    Tensor v = parts[1].transpose(1, 2);                                          // [B, G, T, D]
    boolean turned = norms != null && norms.afterRope || config.span() instanceof Span.DualChunk;
    Tensor[] each = (turned ? qk : rotate(qk, state)).split(2, config.heads(), config.kvHeads());
    if (config.span() instanceof Span.DualChunk chunks) {
      return joined(new DualChunk(config, chunks, state).attend(each[0], each[1], v, layer));
    }
    Tensor q = each[0].transpose(1, 2);                                           // [B, H, T, D]
    Tensor k = each[1].transpose(1, 2);                                           // [B, G, T, D]
    KvCache cache = state.cache();
    var keys = cache == null ? KvCache.Filled.of(k, v) : cache.append(layer, k, v);
    var scores = new Scores(config, state);
    return joined(prefix == null || !pass.adapters() ? scores.attend(q, keys) : scores.attendAfter(pair(prefix, pass), q, keys));
  }

  private static KeyValuePrefix.Pair pair(KeyValuePrefix prefix, Pass pass) {
    return pass.frozen() == null ? prefix.pair() : prefix.pair(pass.frozen());
  }

  /// Heads back into channels. `[B, H, T, D]` to `[B, T, H D]`
  private static Tensor joined(Tensor y) {
    return y.transpose(1, 2).reshape(y.size(0), y.size(2), y.size(1) * y.size(3));
  }
}
