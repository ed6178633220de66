package org.jtorch.encoder;

import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.AttentionConfig;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorGroup;
import org.jtorch.tensor.TensorScope;

/// Attention from one sequence to another: queries from the decoder, keys and values from the encoder's output. T target
/// and S source time; the other letters as in [org.jtorch.attention.GroupedQueryAttention]. Plain products, which autograd
/// differentiates with a tape and without.
final class CrossAttention extends Module {
  private final AttentionConfig.Gqa config;
  private final Linear query;
  private final Linear keysAndValues;
  private final Linear out;

  /// What a source looks like to one layer. Both `[B, G, S, D]`
  record KeyValues(Tensor keys, Tensor values) implements TensorGroup {
    @Override public void forEachTensor(Consumer<Tensor> action) {
      action.accept(keys);
      action.accept(values);
    }
  }

  CrossAttention(AttentionConfig.Gqa config, int dim, Init init) {
    this.config = config;
    int q = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    query = child("q_proj", new Linear(dim, q, config.qkvBias(), init));
    var outputs = List.of(new Linear.Output("k_proj", kv, init), new Linear.Output("v_proj", kv, init));
    keysAndValues = child("", new Linear(dim, outputs, config.qkvBias()));
    out = child("o_proj", new Linear(q, dim, config.outputBias(), init));
  }

  /// Projects a source once. source `[B, S, C]`
  KeyValues read(Tensor source, Pass pass) {
    int G = config.kvHeads();
    try (var scope = TensorScope.open()) {
      Tensor both = keysAndValues.apply(source, pass)
          .view(source.size(0), source.size(1), 2L * G, config.headDim()).transpose(1, 2);
      return scope.promote(new KeyValues(both.narrow(1, 0, G), both.narrow(1, G, G)));
    }
  }

  /// @param x `[B, T, C]`
  /// @param hidden added to the scores, `[B, 1, 1, S]`: very negative where the source is padding; null if nothing is
  /// @return `[B, T, C]`
  Tensor apply(Tensor x, KeyValues source, @Nullable Tensor hidden, Pass pass) {
    long B = x.size(0);
    long T = x.size(1);
    int H = config.heads();
    int G = config.kvHeads();
    int D = config.headDim();
    try (var scope = TensorScope.open()) {
      Tensor q = query.apply(x, pass).mul(config.scale()).view(B, T, H, D).transpose(1, 2).reshape(B, G, H / G * T, D);
      Tensor scores = config.cap().apply(q.matmul(source.keys().transpose(2, 3)));                 // [B, G, H/G T, S]
      scores = hidden == null ? scores : scores.add(hidden);
      Tensor p = (scores.dtype().isHalf() ? scores.to(DType.F32) : scores).softmax(-1).to(x.dtype());
      Tensor y = p.matmul(source.values()).view(B, H, T, D).transpose(1, 2).reshape(B, T, (long) H * D);
      return scope.promote(out.apply(y, pass));
    }
  }
}
