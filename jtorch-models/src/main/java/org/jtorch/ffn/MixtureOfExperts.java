package org.jtorch.ffn;

import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `Σ_e w_e E_e(x) + σ(w_g·x) S(x)`: each token through the few experts that its router chose, and through one shared
/// layer with a gate, if the configuration has it (arXiv:2407.10671, 2.2.2). Tokens are sorted by expert and none is dropped.
///
/// On a tape router and experts are one entry with a gradient by hand. It keeps gate and up of each choice, computes the
/// activation again, and writes the gradients of all experts straight into one buffer. The balancing loss enters there
/// too: see [Routing]. With adapters or codes on experts or router each product is a piece of its own on the tape.
public final class MixtureOfExperts extends Layer {
  private final int layer;
  private final int experts;
  private final Router router;
  private final ExpertBank bank;
  private final @Nullable GatedMlp shared;
  private final @Nullable Linear sharedGate;

  /// @param layer the layer's number in its model, by which a [Routing] knows it
  public MixtureOfExperts(FeedForwardConfig.Experts config, int dim, int layer, Init init) {
    this.layer = layer;
    this.experts = config.experts();
    router = child("gate", new Router(config, dim, init));
    bank = child("experts", new ExpertBank(config, dim, init));
    boolean with = config.shared() > 0;
    shared = with ? child("shared_expert", new GatedMlp(dense(config), dim, init)) : null;
    sharedGate = with ? child("shared_expert_gate", new Linear(dim, 1, false, init)) : null;
  }

  private static FeedForwardConfig.Gated dense(FeedForwardConfig.Experts config) {
    return new FeedForwardConfig.Gated(config.shared(), config.activation(), false);
  }

  @Override protected Tensor forward(Tensor input, Pass pass) {                              // [B, T, C]
    Tensor x = pass.shared(input);
    Tensor routed = routed(x, pass);
    if (shared == null || sharedGate == null) {
      return routed;
    }
    Tensor s = shared.apply(x, pass);
    Tensor g = sharedGate.apply(x, pass).sigmoid();                                          // [B, T, 1]
    return Grad.isOn() ? routed.add(s.mul(g)) : routed.addcmulInPlace(s, g, 1);              // [B, T, C]
  }

  private Tensor routed(Tensor x, Pass pass) {
    GradTape tape = pass.tape();
    boolean bare = router.isBare() && bank.isBare();
    if (tape != null && bare) {
      try (var _ = Grad.off()) {
        return taped(x, tape, pass);
      }
    }
    Tensor flat = x.reshape(-1, x.size(x.dim() - 1));                                        // [N, C]
    var choice = recorded(tape == null ? router.choose(flat, pass) : router.chooseTaped(flat, tape, pass), pass);
    var d = Dispatch.of(choice.chosen(), experts);
    Tensor w = d.sorted(choice.weights());
    w = tape == null ? w : tape.cut(w);                                                      // experts go back one by one
    Tensor y = !bare ? bank.byProjection(flat, d, w, pass) : Grad.isOn() ? bank.apply(flat, d, w) : bank.forward(flat, d, w).y();
    return y.view(x.shape());
  }

  private Router.Choice recorded(Router.Choice choice, Pass pass) {
    if (pass.routing() instanceof Routing r) {
      r.record(layer, choice.logits(), choice.p(), choice.chosen(), pass);
    }
    return choice;
  }

  private Tensor taped(Tensor x, GradTape tape, Pass pass) {
    Tensor flat = x.reshape(-1, x.size(x.dim() - 1));
    var choice = recorded(router.choose(flat, pass), pass);
    var d = Dispatch.of(choice.chosen(), experts);
    Tensor w = d.sorted(choice.weights());
    var out = bank.forward(flat, d, w);
    Tensor both = out.both();
    var routing = pass.routing() instanceof Routing r ? r : null;
    return tape.record(out.y().view(x.shape()), new Tensor[] {x, router.weight(), bank.gateUp(), bank.down()},
        new Tensor[] {both, w, choice.p(), choice.chosen(), d.order(), d.tokens(), d.slots(), d.ends()}, dy -> {
          Tensor rows = x.reshape(-1, x.size(x.dim() - 1));
          var g = bank.backward(rows, d, w, both, dy.reshape(rows.shape()));
          Tensor dlogits = router.backward(choice.p(), choice.chosen(), d.unsorted(g.dweights()), routing);   // [N, E]
          Ops.addmmInPlace(g.dx(), 1, 1, dlogits, router.weight());
          return new @Nullable Tensor[] {g.dx().view(x.shape()), dlogits.t().matmul(rows), g.gateUp(), g.down()};
        });
  }
}
