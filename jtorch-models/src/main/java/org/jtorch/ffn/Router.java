package org.jtorch.ffn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.PartProjection;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Chooses the experts of a [MixtureOfExperts]: a softmax in float32 over all of them, then the `active` most probable. weight `[E, C]`
public final class Router extends Module {
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
  private final PartProjection projection;

  Router(FeedForwardConfig.Experts config, int dim, Init init) {
    active = config.active();
    normalize = config.normalize();
    weight = parameter("weight", init, config.experts(), dim);
    projection = new PartProjection(dim, weight, weight.parts());
  }

  @Override public List<PartProjection> ownProjections() {
    return List.of(projection);
  }

  /// True if its gradient by hand is the whole one.
  boolean isBare() {
    return projection.isBare();
  }

  Tensor weight() {
    return weight.tensor();
  }

  Choice choose(Tensor x, Pass pass) {                                          // [N, C]
    Tensor logits = projection.project(x, pass);                                // [N, E]
    return choose(logits, logits.to(Routing.precise(x)).softmax(1), x.dtype());
  }

  /// [#choose] recorded on the pass's tape piece by piece: the balancing loss adds to the gradient of p on its way.
  Choice chooseTaped(Tensor x, GradTape tape, Pass pass) {
    Tensor logits = projection.project(x, pass);
    Tensor p = logits.to(Routing.precise(x)).softmax(1);
    Tensor balanced = pass.routing() instanceof Routing r ? tape.record(p.detach(), new Tensor[] {p}, new Tensor[0], dp -> {
      Tensor sum = dp.copy();
      r.addGradient(sum);
      return new Tensor[] {sum};
    }) : p;
    return choose(logits, balanced, x.dtype());
  }

  private Choice choose(Tensor logits, Tensor p, DType type) {
    var best = Ops.topK(p, active);                                             // [N, k]
    Tensor w = normalize ? best.values().div(best.values().sum(1, true)) : best.values();
    return new Choice(logits, p, best.indices(), w.to(type));
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
