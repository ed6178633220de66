package org.jtorch.ffn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.nn.Init;
import org.jtorch.nn.Layer;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.GatedPass;

/// `down(act(gate(x)) ⊙ up(x))`. gate and up are one product.
///
/// On a tape the gradient of activation and product is written by hand ([GatedPass]).
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
    return down.apply(gated(both, pass.tape()), pass);                             // [B, T, C]
  }

  private Tensor gated(Tensor both, @Nullable GradTape tape) {                     // to [B, T, F]
    var gate = config.activation().gate();
    if (gate == null || tape == null && Grad.isOn()) {
      return config.activation().apply(gate(both)).mul(up(both));
    }
    if (tape == null) {
      return GatedPass.forward(gate, both);
    }
    try (var _ = Grad.off()) {
      return tape.record(GatedPass.forward(gate, both.detach()), new Tensor[] {both}, new Tensor[0],
          da -> new Tensor[] {GatedPass.backward(gate, da, both.detach())});
    }
  }

  private Tensor gate(Tensor both) {
    return both.narrow(both.dim() - 1, 0, config.hidden());
  }

  private Tensor up(Tensor both) {
    return both.narrow(both.dim() - 1, config.hidden(), config.hidden());
  }
}
