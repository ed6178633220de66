package org.jtorch.encoder;

import org.jtorch.attention.GroupedQueryAttention;
import org.jtorch.ffn.PlainMlp;
import org.jtorch.nn.Layer;
import org.jtorch.nn.LayerNorm;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Tensor;

/// Attention and feed-forward, each followed by a norm of the residual stream (`norm(x + f(x))`), with RoBERTa's names.
final class EncoderBlock extends Layer {
  private static final GroupedQueryAttention.Names NAMES =
      new GroupedQueryAttention.Names("self.query", "self.key", "self.value", "output.dense");
  private final Layer attention;
  private final Layer attentionNorm;
  private final Layer mlp;
  private final Layer mlpNorm;

  EncoderBlock(EncoderConfig config, int layer) {
    var init = config.init();
    attention = child("attention", new GroupedQueryAttention(config.attention(), config.dim(), layer, init, init, NAMES));
    attentionNorm = child("attention.output.LayerNorm", new LayerNorm(config.dim(), config.normEps()));
    mlp = child("", new PlainMlp(config.feedForward(), config.dim(), init, "intermediate.dense", "output.dense"));
    mlpNorm = child("output.LayerNorm", new LayerNorm(config.dim(), config.normEps()));
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                             // [B, T, C]
    x = attentionNorm.apply(pass.add(x, attention.apply(x, pass)), pass);
    return mlpNorm.apply(pass.add(x, mlp.apply(x, pass)), pass);
  }
}
