package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdaStarTest {
  private static final double PEAK = 0.01;
  private static final double DECAY = 3.16e-4;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// θ = 1, gradients 1 and 0.5 at the peak, worked out by hand.
  @Test void twoStepsOfAScalar() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 1, 1);
        var optimizer = AdaStar.over(List.of(new ParameterGroup(model.parameters(), DECAY)), PEAK, AdaStar.Options.DEFAULT)) {
      model.parameters().forEach(p -> p.tensor().detach().fillInPlace(1));
      give(model.weight().tensor(), 1);
      optimizer.step(PEAK, 1);
      assertThat(model.weight().tensor().item()).isEqualTo(0.999184, within(1e-6));
      give(model.weight().tensor(), 0.5);
      optimizer.step(PEAK, 1);
      assertThat(model.weight().tensor().item()).isEqualTo(0.9980745691, within(1e-6));
      assertThat(Objects.requireNonNull(optimizer.state().get("0.momentum")).item()).isEqualTo(0.0793688720, within(1e-6));
    }
  }

  @Test void theDecayFollowsTheScheduleAndNotTheRate() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 1, 1);
        var optimizer = AdaStar.over(List.of(new ParameterGroup(model.parameters(), 0.5)), PEAK, AdaStar.Options.DEFAULT)) {
      model.parameters().forEach(p -> p.tensor().detach().fillInPlace(1));
      give(model.weight().tensor(), 0);
      optimizer.step(0, 1);
      assertThat(model.weight().tensor().item()).isEqualTo(1);
      give(model.weight().tensor(), 0);
      optimizer.step(0.2 * PEAK, 1);
      assertThat(model.weight().tensor().item()).isEqualTo(0.9, within(1e-6));
    }
  }

  @Test void blocksAreClippedOneByOne() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 4, 2);
        var optimizer = AdaStar.over(model.parameters(), PEAK, 0, new AdaStar.Options(0, 0.95, 0.5))) {
      Tensor w = model.weight().tensor();
      Tensor before = w.detach().copy();
      w.setGrad(Ops.full(3, DType.F32, Device.CPU, w.shape()));                 // r = 1 everywhere, twice the limit
      optimizer.step(PEAK, 1);
      assertThat(before.sub(w.detach()).toFloats()).containsOnly(new float[] {(float) (0.5 * PEAK)}, within((float) 1e-6));
    }
  }

  @Test void learns() {
    assertThat(TestModels.train(DType.F32, 200, 0.05, m -> AdaStar.over(m.parameters(), 0.05, 0, AdaStar.Options.DEFAULT))).isLessThan(0.05);
  }

  private static void give(Tensor weight, double gradient) {
    weight.setGrad(Ops.full(gradient, DType.F32, Device.CPU, weight.shape()));
  }
}
