package org.jtorch.ffn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.jtorch.nn.Pass;
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

  private record Cached(long past) implements Pass.Shared {}

  /// Prompts padded on the left, whose mask has room for tokens to come: only the columns of this forward count.
  @Test void paddingOnTheLeftDoesNotCount() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      Tensor logits = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 6, 4);
      Tensor p = logits.softmax(1);
      Tensor mask = Tensor.of(0L, 1, 1, 1, 1, 0, 0, 1, 1, 1).view(2, 5).eq(1);
      var alone = new Routing(scope);
      alone.record(0, Ops.cat(0, logits.narrow(0, 1, 2), logits.narrow(0, 5, 1)), 2);
      var prompt = new Routing(scope);
      prompt.record(0, logits, p, Ops.topK(p, 2).indices(), Pass.EMPTY.withKeyMask(mask).withShared(new Cached(0)));
      assertThat(prompt.auxLoss().item()).isEqualTo(alone.auxLoss().item(), within(1e-6));
      var both = new Routing(scope, Tensor.of(1L, 1, 1, 0, 0, 1).view(2, 3).eq(1), false);
      both.record(0, logits, p, Ops.topK(p, 2).indices(), Pass.EMPTY.withKeyMask(mask.narrow(1, 0, 3)));
      assertThat(both.auxLoss().item()).isEqualTo(alone.auxLoss().item(), within(1e-6));
      var segments = new Routing(scope);
      segments.record(0, logits, p, Ops.topK(p, 2).indices(), Pass.EMPTY.withSegments(Tensor.of(-1L, 0, 1, -1, -1, 0).view(2, 3)));
      assertThat(segments.auxLoss().item()).isEqualTo(alone.auxLoss().item(), within(1e-6));
      var next = new Routing(scope);
      next.record(0, logits.narrow(0, 0, 2), p.narrow(0, 0, 2), Ops.topK(p.narrow(0, 0, 2), 2).indices(),
          Pass.EMPTY.withKeyMask(mask.narrow(1, 1, 4)).withShared(new Cached(2)));
      assertThat(next.load(0)).hasSize(4).satisfies(load -> assertThat(java.util.Arrays.stream(load).sum()).isEqualTo(2));
    }
  }

  /// transformers' `load_balancing_loss_func` with an attention mask, worked out by hand: two layers, two rows padded on the
  /// left, three real tokens, E = 2, k = 1. Real tokens choose expert 1, 1, 0 in the first layer and 0, 0, 0 in the second:
  /// f = (4/6, 2/6). Probabilities of expert 0 are 0.25, 0.25, 0.75, 0.75, 0.75, 0.75, their mean 3.5/6, so the loss is
  /// 2 (4/6 · 3.5/6 + 2/6 · 2.5/6) = 38/36.
  @Test void theLossOfPaddedRowsIsTransformers() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      float a = (float) Math.log(3);
      Tensor first = Tensor.of(0f, 0, 0, a, 5, 0, 0, a, 9, 0, a, 0).view(6, 2);
      Tensor second = Tensor.of(0f, 7, a, 0, 0, 6, a, 0, 0, 8, a, 0).view(6, 2);
      Pass pass = Pass.EMPTY.withKeyMask(Tensor.of(0L, 1, 0, 1, 0, 1).view(2, 3).eq(1));
      var routing = new Routing(scope, null, true);
      routing.record(0, first, first.softmax(1), Ops.topK(first, 1).indices(), pass);
      routing.record(1, second, second.softmax(1), Ops.topK(second, 1).indices(), pass);
      assertThat(routing.auxLoss().item()).isEqualTo(38.0 / 36, within(1e-6));
      assertThat(routing.zLoss().item()).isEqualTo(Math.pow(Math.log(4), 2), within(1e-6));
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
