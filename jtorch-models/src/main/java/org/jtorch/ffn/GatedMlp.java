package org.jtorch.ffn;

import java.util.List;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `down(act(gate(x)) ⊙ up(x))`. gate and up are one product.
///
/// On a tape SwiGLU's gradient is written by hand: with `s = silu(g)`, `dg = silu'(g) ⊙ (da ⊙ u)` and
/// `du = da ⊙ s` go straight into one buffer, which is the gradient of the product.
public final class GatedMlp extends Layer {
  private final FeedForwardConfig.Gated config;
  private final Linear gateUp;
  private final Linear down;

  public GatedMlp(FeedForwardConfig.Gated config, int dim, Init init) {
    this.config = config;
    int hidden = config.hidden();
    var outputs = List.of(new Linear.Output("gate_proj", hidden, init), new Linear.Output("up_proj", hidden, init));
    this.gateUp = child("", new Linear(dim, outputs, config.bias()));
    this.down = child("down_proj", new Linear(hidden, dim, config.bias(), init));
  }

  @Override protected Tensor forward(Tensor x, Pass pass) {                        // [B, T, C]
    Tensor both = gateUp.apply(x, pass);                                           // [B, T, 2F]
    GradTape tape = pass.tape();
    Tensor a = tape != null && config.activation() == Activation.SILU ? swiGlu(both, tape) : config.activation().apply(gate(both)).mul(up(both));
    return down.apply(a, pass);                                                    // [B, T, C]
  }

  private Tensor gate(Tensor both) {
    return both.narrow(both.dim() - 1, 0, config.hidden());
  }

  private Tensor up(Tensor both) {
    return both.narrow(both.dim() - 1, config.hidden(), config.hidden());
  }

  private Tensor swiGlu(Tensor both, GradTape tape) {
    try (var _ = Grad.off()) {
      Tensor a = Ops.silu(gate(both)).mulInPlace(up(both));                        // [B, T, F]
      return tape.record(a, new Tensor[] {both}, new Tensor[0], da -> {
        Tensor d = Ops.emptyLike(both);
        Ops.siluInto(up(d), gate(both));
        up(d).mulInPlace(da);                                                      // du = da ⊙ silu(g)
        Ops.siluBackwardInto(gate(d), da.mul(up(both)), gate(both));
        return new Tensor[] {d};
      });
    }
  }
}
