package org.jtorch.ffn;

import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Tensor;

/// `down(act(up(x)))`, with biases.
public final class PlainMlp extends Layer {
  private final Linear up;
  private final Activation activation;
  private final Linear down;

  public PlainMlp(FeedForwardConfig.Plain config, int dim, Init init) {
    this(config, dim, init, "up_proj", "down_proj");
  }

  /// With the names that a checkpoint gives the two products.
  public PlainMlp(FeedForwardConfig.Plain config, int dim, Init init, String upName, String downName) {
    up = child(upName, new Linear(dim, config.hidden(), true, init));
    activation = config.activation();
    down = child(downName, new Linear(config.hidden(), dim, true, init));
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                        // [B, T, C]
    return down.apply(activation.apply(up.apply(x, pass)), pass);                  // [B, T, C]
  }
}
