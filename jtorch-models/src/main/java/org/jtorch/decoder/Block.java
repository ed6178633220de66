package org.jtorch.decoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.GroupedQueryAttention;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Pass;
import org.jtorch.nn.RmsNorm;
import org.jtorch.tensor.Tensor;

/// Pre-norm attention, pre-norm feed-forward, each beside the residual stream. The only place that chooses parts.
final class Block extends Layer {
  private final RmsNorm inputNorm;
  private final Layer attention;
  private final RmsNorm postNorm;
  private final Layer mlp;

  Block(BlockConfig config, int dim, double eps, int layer, double std) {
    inputNorm = child("input_layernorm", new RmsNorm(dim, eps));
    attention = child("self_attn", switch (config.attention()) {
      case AttentionConfig.Gqa gqa -> new GroupedQueryAttention(gqa, dim, layer, std);
    });
    postNorm = child("post_attention_layernorm", new RmsNorm(dim, eps));
    mlp = child("mlp", switch (config.feedForward()) {
      case FeedForwardConfig.Gated gated -> new GatedMlp(gated, dim, std);
    });
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                // [B, T, C]
    x = pass.fork(x);
    x = pass.fork(x.add(attention.apply(inputNorm.apply(x, pass), pass)));
    return x.add(mlp.apply(postNorm.apply(x, pass), pass));
  }
}
