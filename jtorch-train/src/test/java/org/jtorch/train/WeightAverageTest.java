package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.jtorch.nn.Linear;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;

/// arXiv:2407.21783, section 3.4.3; papers' A4: a running mean is the mean, and an average keeps what half precision loses.
class WeightAverageTest {
  private static double average(WeightAverage.Rule rule, double[] weights) {
    try (var _ = TensorScope.open(); var _ = Grad.off(); var model = new Linear(1, 1, false, 0.02)) {
      var _ = model.initialize(Device.CPU, DType.F32, Rng.of(1));
      var _ = model.weight().tensor().mulInPlace(0);
      try (var average = WeightAverage.of(model.parameters(), rule)) {
        for (int step = 1; step <= weights.length; step++) {
          var _ = model.weight().tensor().copyInPlace(Ops.of(new float[] {(float) weights[step - 1]}, Device.CPU, 1, 1));
          average.after(step);
        }
        try (var _ = average.applied()) {
          return model.weight().tensor().item();
        }
      }
    }
  }

  @Test void theMeanCountsItsMembersAlike() {
    double[] weights = {9, 1, 9, 2, 9, 6};
    assertThat(average(new WeightAverage.Rule.Mean(2, 2), weights)).isEqualTo(3, within(1e-6));
    assertThat(average(new WeightAverage.Rule.Mean(6, 1), weights)).isEqualTo(6, within(1e-6));
    assertThat(average(new WeightAverage.Rule.Mean(1, 1), weights)).isEqualTo(6, within(1e-6));
  }

  @Test void theMovingAverageWeighsStepsBackByPowersOfItsDecay() {
    double expected = 0;
    double[] weights = new double[100];
    for (int k = 0; k < 100; k++) {
      weights[99 - k] = 1 + k;
      expected += 0.01 * Math.pow(0.99, k) * (1 + k);
    }
    assertThat(average(new WeightAverage.Rule.Moving(0.99), weights)).isEqualTo(expected, within(1e-3));
  }
}
