package org.jtorch.encoder;

import org.jspecify.annotations.Nullable;
import org.jtorch.attention.GroupedQueryAttention;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.ffn.PlainMlp;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A decoder's layer that also looks at a source: causal attention, cross-attention and feed-forward, each
/// `x + f(norm(x))`.
final class CrossBlock extends Module {
  private final Layer selfNorm;
  private final Layer self;
  private final Layer crossNorm;
  private final CrossAttention cross;
  private final Layer mlpNorm;
  private final Layer mlp;

  CrossBlock(EncoderDecoderConfig config, int layer) {
    int dim = config.encoder().dim();
    Init init = config.encoder().init();
    selfNorm = child("input_layernorm", config.norm().build(dim));
    self = child("self_attn", new GroupedQueryAttention(config.self(), dim, layer, init, init));
    crossNorm = child("cross_attn_layernorm", config.norm().build(dim));
    cross = child("cross_attn", new CrossAttention(config.cross(), dim, init));
    mlpNorm = child("post_attention_layernorm", config.norm().build(dim));
    mlp = child("mlp", switch (config.feedForward()) {
      case FeedForwardConfig.Gated gated -> new GatedMlp(gated, dim, init);
      case FeedForwardConfig.Plain plain -> new PlainMlp(plain, dim, init);
      case FeedForwardConfig.Experts _ -> throw new IllegalArgumentException("experts are not supported in an encoder-decoder");
    });
  }

  /// What a source looks like to this layer, for calls that meet it again and again.
  CrossAttention.KeyValues read(EncoderDecoder.Source source, Pass pass) {
    return cross.read(source.hidden(), pass);
  }

  /// @param x `[B, T, C]`
  /// @param ready what [#read] answered; null to do it now
  Tensor apply(Tensor x, EncoderDecoder.Source source, CrossAttention.@Nullable KeyValues ready, Pass pass) {
    try (var scope = TensorScope.open()) {
      x = pass.add(x, self.apply(selfNorm.apply(x, pass), pass));
      var seen = ready == null ? read(source, pass) : ready;
      x = pass.add(x, cross.apply(crossNorm.apply(x, pass), seen, source.bias(), pass));
      return scope.promote(pass.add(x, mlp.apply(mlpNorm.apply(x, pass), pass)));
    }
  }
}
