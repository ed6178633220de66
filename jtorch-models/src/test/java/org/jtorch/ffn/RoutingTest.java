package org.jtorch.ffn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class RoutingTest {
  /// Token n prefers the experts n, n + 1 (mod 4), so that all are chosen equally often. `[8, 4]`
  private static Tensor balanced() {
    var x = new float[32];
    for (int n = 0; n < 8; n++) {
      x[4 * n + n % 4] = 3;
      x[4 * n + (n + 1) % 4] = 2;
    }
    return Tensor.of(x).view(8, 4);
  }

  @Test void balanceGivesTheNumberOfChoices() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var routing = new Routing(scope);
      routing.record(0, balanced(), 2);
      routing.record(2, balanced(), 2);
      assertThat(routing.auxLoss().item()).isEqualTo(2, within(1e-6));
      assertThat(routing.layers()).containsExactly(0, 2);
      assertThat(routing.load(2)).containsExactly(0.5, 0.5, 0.5, 0.5);
    }
  }

  @Test void collapseGivesTheNumberOfExperts() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var routing = new Routing(scope);
      routing.record(0, Tensor.of(40f, 40, 0, 0).view(1, 4).expand(6, 4), 2);
      assertThat(routing.auxLoss().item()).isEqualTo(4, within(1e-6));
    }
  }

  @Test void paddingDoesNotCount() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, 4);
      var alone = new Routing(scope);
      alone.record(0, Ops.cat(0, logits.narrow(0, 0, 2), logits.narrow(0, 3, 1)), 2);
      var padded = new Routing(scope, Tensor.of(1L, 1, 0, 1, 0, 0).view(2, 3).eq(1), false);
      padded.record(0, logits, 2);
      assertThat(padded.auxLoss().item()).isEqualTo(alone.auxLoss().item(), within(1e-6));
    }
  }

  @Test void nothingButPaddingIsZero() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var routing = new Routing(scope, Tensor.of(0L, 0).view(1, 2).eq(1), false);
      routing.record(0, balanced().narrow(0, 0, 2), 2);
      assertThat(routing.auxLoss().item()).isZero();
      assertThat(new Routing(scope).auxLoss().item()).isZero();
    }
  }

  @Test void wrongUseIsNamed() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      var routing = new Routing(scope);
      routing.record(1, balanced(), 2);
      assertThatIllegalArgumentException().isThrownBy(() -> routing.logits(1)).withMessageContaining("keepLogits");
      assertThatIllegalArgumentException().isThrownBy(() -> routing.load(0)).withMessageContaining("layers with experts: [1]");
      routing.record(2, Tensor.of(1f, 2).view(1, 2), 1);
      assertThatIllegalArgumentException().isThrownBy(routing::auxLoss).withMessageContaining("4 and another 2");
    }
  }
}
