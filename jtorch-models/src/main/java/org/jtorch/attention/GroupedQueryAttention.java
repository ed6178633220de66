package org.jtorch.attention;

import java.util.List;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Causal grouped-query attention. B batch, T time, C channels, H query heads, G key-value heads, D head size;
/// query head j reads key-value head j / (H/G).
///
/// q, k and v are one product. Paths by device and need (docs/decisions/005-attention-paths.md): training on the CPU goes
/// through [BlockedAttention], what autograd differentiates on the CPU and all of float32 through products and softmax,
/// half precision without gradients, single new tokens and CUDA through libtorch's fused attention.
public final class GroupedQueryAttention extends Layer {
  private final AttentionConfig.Gqa config;
  private final int layer;
  private final Linear qkv;
  private final Linear out;

  public GroupedQueryAttention(AttentionConfig.Gqa config, int dim, int layer, double std) {
    this.config = config;
    this.layer = layer;
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    var outputs = List.of(new Linear.Output("q_proj", q), new Linear.Output("k_proj", kv), new Linear.Output("v_proj", kv));
    this.qkv = child("", new Linear(dim, outputs, config.qkvBias(), std));
    this.out = child("o_proj", new Linear(q, dim, config.outputBias(), std));
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                       // [B, T, C]
    var state = AttentionState.of(pass);
    Tensor all = qkv.apply(x, pass);                                              // [B, T, (H + 2G) D]
    GradTape tape = pass.tape();
    Tensor y = tape != null && !x.device().isCuda() ? BlockedAttention.apply(all, config, state, tape) : plain(all, state);
    return out.apply(y, pass);                                                    // [B, T, C]
  }

  private Tensor plain(Tensor all, AttentionState state) {
    int H = config.heads();
    int G = config.kvHeads();
    int D = config.headDim();
    long B = all.size(0);
    long T = all.size(1);
    var tables = state.tables(config.rope(), D);
    Tensor heads = all.view(B, T, H + 2 * G, D);
    boolean decoding = T == 1 && !Grad.isOn();
    Tensor qk = decoding ? rotated(heads.narrow(2, 0, H + G), tables) : Rope.rotate(heads.narrow(2, 0, H + G), tables);
    Tensor q = qk.narrow(2, 0, H).transpose(1, 2);                                // [B, H, T, D]
    Tensor k = qk.narrow(2, H, G).transpose(1, 2);                                // [B, G, T, D]
    Tensor v = heads.narrow(2, H + G, G).transpose(1, 2);                         // [B, G, T, D]
    KvCache cache = state.cache();
    if (cache != null) {
      var filled = cache.append(layer, k, v);
      k = filled.keys();
      v = filled.values();
    }
    return decoding
        ? decode(q.view(B, G, H / G, D), k, v, state).view(B, T, (long) H * D)
        : attend(q, k, v, state).transpose(1, 2).reshape(B, T, (long) H * D);
  }

  private static Tensor rotated(Tensor x, Rope.Tables t) {
    Tensor out = Ops.empty(x.dtype(), x.device(), x.shape());
    Rope.rotateInto(out, x, t.cos().unsqueeze(2), t.sin().unsqueeze(2), 1);
    return out;
  }

  /// One new token a row: the heads that share keys take the place of time in the fused kernel, so that keys and values
  /// are read once and never repeated. q `[B, G, H/G, D]`, k and v `[B, G, S, D]`; result `[B, G, H/G, D]`
  private Tensor decode(Tensor q, Tensor k, Tensor v, AttentionState state) {
    Tensor bias = state.plainCausal(config.span()) ? null : state.bias(config.span(), 0, 1, k.size(2)).unsqueeze(1);
    return Ops.attention(q, k, v, bias, false, 1 / Math.sqrt(config.headDim())).contiguous();
  }

  private Tensor attend(Tensor q, Tensor k, Tensor v, AttentionState state) {
    long T = q.size(2);
    long S = k.size(2);
    double scale = 1 / Math.sqrt(config.headDim());
    if (q.device().isCuda() || (!Grad.isOn() && q.dtype().isHalf())) {
      boolean causal = T == S && state.plainCausal(config.span());
      Tensor bias = causal ? null : state.bias(config.span(), 0, T, S).unsqueeze(1);
      return Ops.attention(q, k, v, bias, causal, scale);
    }
    return Grad.isOn() ? products(q, k, v, state.bias(config.span(), 0, T, S), scale) : blocks(q, k, v, state, scale);
  }

  /// [#products] a block of queries at a time, against the keys that it may see: without gradients in float32, where the
  /// fused kernel calls OpenBLAS from inside its own threads and loses several times over.
  private Tensor blocks(Tensor q, Tensor k, Tensor v, AttentionState state, double scale) {
    long T = q.size(2);
    long past = k.size(2) - T;
    Tensor out = Ops.empty(q.dtype(), q.device(), q.shape());
    for (long from = 0; from < T; from += BlockedAttention.BLOCK) {
      long n = Math.min(BlockedAttention.BLOCK, T - from);
      long keys = past + from + n;
      try (var _ = TensorScope.open()) {
        out.narrow(2, from, n).copyInPlace(products(q.narrow(2, from, n), k.narrow(2, 0, keys), v.narrow(2, 0, keys),
            state.bias(config.span(), from, n, keys), scale));
      }
    }
    return out;
  }

  /// Products and softmax, one key-value head against its group of queries: k and v are never repeated.
  private static Tensor products(Tensor q, Tensor k, Tensor v, Tensor bias, double scale) {
    long B = q.size(0);
    long H = q.size(1);
    long T = q.size(2);
    long D = q.size(3);
    long G = k.size(1);
    long S = k.size(2);
    Tensor rows = q.mul(scale).reshape(B, G, H / G * T, D);
    Tensor scores = rows.matmul(k.transpose(2, 3)).view(B, G, H / G, T, S);
    scores = scores.add(bias.unsqueeze(1).unsqueeze(1));
    Tensor p = (q.dtype().isHalf() ? scores.to(DType.F32) : scores).softmax(-1).to(q.dtype());
    return p.view(B, G, H / G * T, S).matmul(v).view(B, H, T, D);
  }
}
