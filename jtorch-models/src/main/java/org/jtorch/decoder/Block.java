package org.jtorch.decoder;

import org.jtorch.attention.AttentionConfig;
import org.jtorch.attention.GroupedQueryAttention;
import org.jtorch.attention.MixerConfig;
import org.jtorch.ffn.FeedForwardConfig;
import org.jtorch.ffn.GatedMlp;
import org.jtorch.ffn.MixtureOfExperts;
import org.jtorch.ffn.PlainMlp;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.NormConfig;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Tensor;

/// Attention and feed-forward, each beside the residual stream. The only place that chooses parts.
final class Block extends Layer {
  private final Layer attention;
  private final Layer mlp;
  private final Norms norms;

  /// The norms around the two parts, as [Residual] places them.
  private sealed interface Norms {
    record Pre(Layer attention, Layer mlp) implements Norms {}

    record Sandwich(Layer attention, Layer afterAttention, Layer mlp, Layer afterMlp) implements Norms {}

    record Post(Layer attention, Layer mlp, double alpha) implements Norms {}
  }

  Block(BlockConfig config, int dim, NormConfig norm, int layer, Init init) {
    boolean deep = config.residual() instanceof Residual.Deep;
    Init weak = config.residual() instanceof Residual.Deep d ? new Init.Xavier(d.beta()) : init;
    Init full = deep ? new Init.Xavier(1) : init;
    Layer first = child("input_layernorm", norm.build(dim));
    attention = child(config.mixer().layerName(), switch (config.mixer()) {
      case AttentionConfig.Gqa gqa -> new GroupedQueryAttention(gqa, dim, layer, full, weak);
      case MixerConfig.Other other -> other.build(dim, layer, full);
    });
    Layer second = child("post_attention_layernorm", norm.build(dim));
    mlp = child(config.feedForward().layerName(), switch (config.feedForward()) {
      case FeedForwardConfig.Gated gated -> new GatedMlp(gated, dim, weak);
      case FeedForwardConfig.Plain plain -> new PlainMlp(plain, dim, weak);
      case FeedForwardConfig.Experts experts -> new MixtureOfExperts(experts, dim, layer, weak);
    });
    norms = switch (config.residual()) {
      case Residual.Pre _ -> new Norms.Pre(first, second);
      case Residual.Sandwich _ -> new Norms.Sandwich(first, second, child("pre_feedforward_layernorm", norm.build(dim)),
          child("post_feedforward_layernorm", norm.build(dim)));
      case Residual.Post p -> new Norms.Post(first, second, p.alpha());
      case Residual.Deep d -> new Norms.Post(first, second, d.alpha());
    };
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                // [B, T, C]
    return switch (norms) {
      case Norms.Pre n -> {
        x = pass.add(x, attention.apply(n.attention.apply(x, pass), pass));
        yield pass.add(x, mlp.apply(n.mlp.apply(x, pass), pass));
      }
      case Norms.Sandwich n -> {
        x = pass.add(x, n.afterAttention.apply(attention.apply(n.attention.apply(x, pass), pass), pass));
        yield pass.add(x, n.afterMlp.apply(mlp.apply(n.mlp.apply(x, pass), pass), pass));
      }
      case Norms.Post n -> {
        x = n.attention.apply(pass.add(x.mul(n.alpha), attention.apply(x, pass)), pass);
        yield n.mlp.apply(pass.add(x.mul(n.alpha), mlp.apply(x, pass)), pass);
      }
    };
  }
}
