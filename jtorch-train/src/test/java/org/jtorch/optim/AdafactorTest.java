package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jtorch.nn.Init;
import org.jtorch.nn.Linear;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdafactorTest {
  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void aMatrixTakesRowsAndColumnsOnly() {
    try (var model = TestModels.linear(DType.F32, 300, 200); var optimizer = Adafactor.over(model.parameters(), 0, Adafactor.Options.DEFAULT)) {
      assertThat(optimizer.state().values().stream().mapToLong(Tensor::numel).sum()).isEqualTo(300 + 200 + 1 + 200 + 1);
    }
  }

  /// Two stacked weights are what two weights of their own are.
  @Test void stackedWeightsAreMatricesOfTheirOwn() {
    var outputs = List.of(new Linear.Output("a", 3, new Init.Normal(1)), new Linear.Output("b", 5, new Init.Normal(1)));
    try (var stacked = new Linear(4, outputs, false); var a = new Linear(4, 3, false, 1); var b = new Linear(4, 5, false, 1);
        var _ = TensorScope.open()) {
      for (var module : List.of(stacked, a, b)) {
        var _ = module.initialize(Device.CPU, DType.F32, Rng.of(7));
        module.requiresGrad(true);
      }
      Tensor w = stacked.weight().tensor().detach();
      a.weight().tensor().detach().copyInPlace(w.narrow(0, 0, 3));
      b.weight().tensor().detach().copyInPlace(w.narrow(0, 3, 5));
      Tensor g = Rng.of(3).normal(0, 1, DType.F32, Device.CPU, 8, 4);
      stacked.weight().tensor().setGrad(g);
      a.weight().tensor().setGrad(g.narrow(0, 0, 3));
      b.weight().tensor().setGrad(g.narrow(0, 3, 5));
      for (var module : List.of(stacked, a, b)) {
        try (var optimizer = Adafactor.over(module.parameters(), 0.1, Adafactor.Options.DEFAULT)) {
          optimizer.step(0.1, 1);
        }
      }
      assertThat(w.narrow(0, 0, 3).toFloats()).isEqualTo(a.weight().tensor().detach().toFloats());
      assertThat(w.narrow(0, 3, 5).toFloats()).isEqualTo(b.weight().tensor().detach().toFloats());
    }
  }

  @ParameterizedTest @EnumSource(value = DType.class, names = {"F32", "BF16"}) void learns(DType type) {
    assertThat(TestModels.train(type, 200, 0.1, m -> Adafactor.over(m.parameters(), 0, Adafactor.Options.DEFAULT))).isLessThan(0.1);
  }
}
