package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.jtorch.optim.AdamW;
import org.jtorch.nn.Init;
import org.jtorch.nn.Module;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class LagrangianTest {
  /// c = (0.5, −0.2). After a step of rate 2: λ = (1, −0.4), φ = (0.5, 0.08), and the penalty is
  /// 1·0.5 + 0.4·0.2 + 0.5·0.25 + 0.08·0.04 = 0.7082; its gradient λ + 2 φ c = (1.5, −0.432).
  @Test void byHand() {
    try (var _ = TensorScope.open(); var lagrangian = new Lagrangian(2)) {
      lagrangian.initialize(Device.CPU, DType.F32, Rng.of(0));
      Tensor c = Tensor.of(0.5f, -0.2f).requiresGrad(true);
      assertThat(lagrangian.penalty(c).item()).isZero();
      lagrangian.ascend(c, 2);
      Tensor penalty = lagrangian.penalty(c);
      assertThat(penalty.item()).isCloseTo(0.7082, within(1e-6));
      penalty.backward();
      assertThat(Objects.requireNonNull(c.grad()).toFloats()).containsExactly(new float[] {1.5f, -0.432f}, within(1e-6f));
      assertThat(lagrangian.multipliers().getFirst().toFloats()).containsExactly(new float[] {1, -0.4f}, within(1e-6f));
      assertThat(lagrangian.multipliers().getLast().toFloats()).containsExactly(new float[] {0.5f, 0.08f}, within(1e-6f));
    }
  }

  private static final class Masks extends Module {
    final Parameter logAlpha = parameter("log_alpha", new Init.Constant(2), 64);
  }

  /// Sixty-four masks, of which a loss wants all open and the first sixteen ten times as much: those stay.
  @Test void theExpectedCountGoesToItsTarget() {
    var z = HardConcrete.DEFAULT;
    try (var masks = new Masks(); var lagrangian = new Lagrangian(1)) {
      lagrangian.initialize(Device.CPU, DType.F32, Rng.of(0));
      masks.initialize(Device.CPU, DType.F32, Rng.of(0));
      masks.requiresGrad(true);
      try (var adam = AdamW.over(masks.parameters(), 0, AdamW.Options.DEFAULT)) {
        for (int step = 0; step < 600; step++) {
          try (var _ = TensorScope.open()) {
            Tensor x = masks.logAlpha.tensor();
            Tensor gain = Ops.cat(0, Ops.full(0.1, DType.F32, Device.CPU, 16), Ops.full(0.01, DType.F32, Device.CPU, 48));
            Tensor c = z.open(x).mean(0, true).sub(0.25);
            z.sample(x, Rng.at(1, step)).mul(gain).sum().neg().add(lagrangian.penalty(c)).backward();
            adam.step(0.5);
            lagrangian.ascend(z.open(x.detach()).mean(0, true).sub(0.25), 0.3);
          }
        }
      }
      try (var _ = TensorScope.open()) {
        Tensor open = z.open(masks.logAlpha.tensor().detach());
        assertThat(open.mean().item()).isCloseTo(0.25, within(0.03));
        assertThat(open.narrow(0, 0, 16).mean().item()).isGreaterThan(0.9);
        assertThat(open.narrow(0, 16, 48).mean().item()).isLessThan(0.1);
      }
    }
  }

  @Test void thereMustBeAConstraint() {
    assertThatIllegalArgumentException().isThrownBy(() -> new Lagrangian(0)).withMessageContaining("`constraints` must be 1 or above");
  }
}
