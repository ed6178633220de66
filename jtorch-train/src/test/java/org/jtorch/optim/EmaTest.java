package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Objects;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmaTest {
  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void keepsUpdatesThatBfloat16WouldLose() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 1, 1)) {
      fill(model.weight().tensor(), 1);
      try (var ema = Ema.of(model.parameters(), 0.999)) {
        fill(model.weight().tensor(), 2);
        for (int i = 0; i < 1000; i++) {
          ema.update();
        }
        assertThat(ema.averages().getFirst().item()).isCloseTo(2 - Math.pow(0.999, 1000), within(1e-4));
      }
    }
  }

  @Test void appliesAndPutsBack() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 3, 2); var ema = Ema.of(model.parameters(), 0.5)) {
      var start = TestModels.values(model);
      fill(model.weight().tensor(), 3);
      ema.update();
      var before = TestModels.values(model);
      try (var _ = ema.applied()) {
        assertThat(TestModels.values(model.weight().tensor())[0]).isCloseTo((start.getFirst()[0] + 3) / 2, within(1e-6));
      }
      assertThat(TestModels.values(model)).usingRecursiveComparison().isEqualTo(before);
    }
  }

  @Test void makesThePlainMean() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 1, 1)) {
      fill(model.weight().tensor(), 1);
      try (var ema = Ema.of(model.parameters(), 0)) {
        for (int n = 1; n < 10; n++) {
          fill(model.weight().tensor(), n + 1);
          ema.update(n / (n + 1.0));
        }
        assertThat(ema.averages().getFirst().item()).isCloseTo(5.5, within(1e-5));
      }
    }
  }

  @Test void savesAndLoads() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 3, 2); var ema = Ema.of(model.parameters(), 0.5)) {
      fill(model.weight().tensor(), 3);
      ema.update();
      try (var other = Ema.of(model.parameters(), 0.5)) {
        var state = new HashMap<String, Tensor>(ema.state());
        other.load(n -> Objects.requireNonNull(state.get(n)));
        assertThat(TestModels.values(other.averages().getFirst())).isEqualTo(TestModels.values(ema.averages().getFirst()));
      }
    }
  }

  private static void fill(Tensor t, double value) {
    t.detach().fillInPlace(value);
  }
}
