package org.jtorch.ffn;

import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Chooses experts: a softmax in float32 over all of them, then the `active` most probable. weight `[E, C]`
final class Router extends Module {
  /// What was chosen for N tokens.
  ///
  /// @param logits `[N, E]`
  /// @param p the softmax, float32 `[N, E]`
  /// @param chosen int64 `[N, k]`
  /// @param weights what each choice counts, in the type of the input `[N, k]`
  record Choice(Tensor logits, Tensor p, Tensor chosen, Tensor weights) {}

  private final int active;
  private final boolean normalize;
  private final Parameter weight;

  Router(FeedForwardConfig.Experts config, int dim, Init init) {
    active = config.active();
    normalize = config.normalize();
    weight = parameter("weight", init, config.experts(), dim);
  }

  Tensor weight() {
    return weight.tensor();
  }

  Choice choose(Tensor x) {                                                     // [N, C]
    Tensor logits = Ops.linear(x, weight(), null);                              // [N, E]
    Tensor p = logits.to(Routing.precise(x)).softmax(1);
    var best = Ops.topK(p, active);                                             // [N, k]
    Tensor w = normalize ? best.values().div(best.values().sum(1, true)) : best.values();
    return new Choice(logits, p, best.indices(), w.to(x.dtype()));
  }

  /// The gradient of the logits by hand, from that of the weights and of the balancing loss.
  ///
  /// @param dw `[N, k]`
  /// @return in the type of `dw`, `[N, E]`
  Tensor backward(Tensor p, Tensor chosen, Tensor dw, @Nullable Routing routing) {
    Tensor d = dw.to(p.dtype());
    if (normalize) {                                                            // w = v / Σv: dv = (dw − Σ dw·w) / Σv
      Tensor v = p.gather(1, chosen);
      Tensor total = v.sum(1, true);
      d = d.sub(d.mul(v).sum(1, true).div(total)).div(total);
    }
    Tensor dp = Ops.zerosLike(p).scatterInPlace(1, chosen, d);
    if (routing != null) {
      routing.addGradient(dp);
    }
    return Fused.softmaxBackward(dp, p).to(dw.dtype());
  }
}
