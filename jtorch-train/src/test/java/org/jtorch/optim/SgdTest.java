package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

class SgdTest {
  private static final Sgd.Options MOMENTUM = new Sgd.Options(0.9, 0, true);

  @Test void dampensAllGradientsButTheFirst() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 1, 1);
        var optimizer = Sgd.over(model.parameters(), 0, new Sgd.Options(0.5, 0.25, false))) {
      model.weight().tensor().detach().fillInPlace(0);
      for (int i = 0; i < 2; i++) {
        model.weight().tensor().setGrad(Ops.ones(DType.F32, Device.CPU, 1, 1));
        optimizer.step(1);
      }
      assertThat(model.weight().tensor().item()).isCloseTo(-1 - (0.5 + 0.75), within(1e-6));
    }
  }

  @Test void solvesLeastSquares() {
    assertThat(TestModels.train(DType.F32, 200, 0.1, m -> Sgd.over(m.parameters(), 0, Sgd.Options.PLAIN))).isLessThan(1e-4);
    assertThat(TestModels.train(DType.F32, 200, 0.05, m -> Sgd.over(m.parameters(), 0, MOMENTUM))).isLessThan(1e-6);
    assertThat(TestModels.train(DType.BF16, 200, 0.05, m -> Sgd.over(m.parameters(), 0, MOMENTUM))).isLessThan(1e-3);
  }

  @Test void goesOnToTheBitAndLeaksNothing() {
    try (var model = TestModels.linear(DType.BF16, 5, 3); var optimizer = Sgd.over(model.parameters(), 0.1, MOMENTUM)) {
      step(optimizer, model, 0);
      long objects = TensorScope.stats().nativeObjects();
      for (int i = 1; i < 20; i++) {
        step(optimizer, model, i);
      }
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
      try (var _ = TensorScope.open(); var other = TestModels.linear(DType.BF16, 5, 3);
          var resumed = Sgd.over(other.parameters(), 0.1, MOMENTUM)) {
        var state = new HashMap<String, Tensor>(optimizer.state());
        resumed.load(n -> Objects.requireNonNull(state.get(n)));
        step(optimizer, model, 20);
        step(resumed, other, 20);
        assertThat(TestModels.values(other)).usingRecursiveComparison().isEqualTo(TestModels.values(model));
      }
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static void step(Optimizer optimizer, org.jtorch.nn.Module model, int i) {
    TestModels.gradients(model, Rng.of(i), 1);
    optimizer.clipAndStep(0.01, 1);
  }

  @Test void refusesNesterovWithoutMomentum() {
    assertThatThrownBy(() -> new Sgd.Options(0, 0, true)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("momentum 0.9");
  }

  @Test void refusesAParameterInTwoGroups() {
    try (var model = TestModels.linear(DType.F32, 2, 2)) {
      var group = new ParameterGroup(model.parameters(), 0);
      assertThatThrownBy(() -> Sgd.over(List.of(group, group), MOMENTUM)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("in a group already");
    }
  }
}
