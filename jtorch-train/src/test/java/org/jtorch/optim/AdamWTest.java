package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jtorch.io.DataException;
import org.jtorch.nn.Linear;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorOwner;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdamWTest {
  private static final AdamW.Options OPTIONS = AdamW.Options.DEFAULT;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void aThousandTinyUpdatesOfBfloat16AreNotLost() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 1, 1);
        var optimizer = AdamW.over(model.parameters(), 0, OPTIONS)) {
      model.parameters().forEach(p -> p.tensor().detach().fillInPlace(1));
      try (var fresh = AdamW.over(model.parameters(), 0, OPTIONS)) {
        for (int i = 0; i < 1000; i++) {
          model.parameters().forEach(p -> constantGradient(p.tensor()));
          fresh.step(1e-4);                                   // far below bfloat16's 2^-8 around 1
        }
        assertThat(Objects.requireNonNull(fresh.state().get("0.master")).item()).isCloseTo(0.9, within(1e-4));
      }
      assertThat(model.weight().tensor().item()).isCloseTo(0.9, within(2e-3));
      assertThat(optimizer.state()).containsKeys("0.master", "0.exp_avg", "0.exp_avg_sq", "0.step");
    }
  }

  private static void constantGradient(Tensor parameter) {
    try (var _ = TensorScope.open()) {
      parameter.setGrad(Ops.ones(parameter.dtype(), Device.CPU, parameter.shape()));
    }
  }

  /// More elements than one piece, so that several pieces and a last short one are updated.
  @ParameterizedTest @EnumSource(names = {"F32", "BF16", "F16"})
  void fusedEqualsTheFormulaInFloat64(DType dtype) {
    try (var _ = TensorScope.open(); var model = TestModels.linear(dtype, 300, 1001);
        var optimizer = AdamW.over(List.of(new ParameterGroup(model.parameters(), 0.1, 2)), OPTIONS)) {
      var theta = TestModels.values(model.weight().tensor());
      var m = new double[theta.length];
      var v = new double[theta.length];
      for (int t = 1; t <= 3; t++) {
        TestModels.gradients(model, Rng.of(t), 1);
        var g = TestModels.values(Objects.requireNonNull(model.weight().grad()));
        optimizer.step(0.01, 0.25);
        reference(theta, g, m, v, t);
      }
      var master = dtype.isHalf() ? optimizer.state().get("0.master") : model.weight().tensor();
      assertThat(farthest(TestModels.values(Objects.requireNonNull(master)), theta)).isLessThan(2e-6);
      var rounded = Objects.requireNonNull(master).detach().to(dtype);
      assertThat(farthest(TestModels.values(model.weight().tensor()), TestModels.values(rounded))).isZero();
    }
  }

  private static double farthest(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).max().orElseThrow();
  }

  private static void reference(double[] theta, double[] g, double[] m, double[] v, int t) {
    double lr = 0.02;
    for (int i = 0; i < theta.length; i++) {
      double scaled = g[i] * 0.25;
      m[i] = 0.9 * m[i] + 0.1 * scaled;
      v[i] = 0.95 * v[i] + 0.05 * scaled * scaled;
      theta[i] = theta[i] * (1 - lr * 0.1)
          - lr * m[i] / (1 - Math.pow(0.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(0.95, t))) + 1e-8);
    }
  }

  @Test void sumsBfloat16GradientsOfMicroBatchesInFloat32() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 2, 2);
        var optimizer = AdamW.over(model.parameters(), 0, OPTIONS)) {
      var weight = model.weight().tensor();
      for (int i = 0; i < 300; i++) {                          // bfloat16 would stay at 256
        constantGradient(weight);
        if (i < 299) {
          optimizer.accumulate();
          assertThat(weight.grad()).isNull();
        }
      }
      assertThat(optimizer.gradNorm()).isCloseTo(600, within(1e-3));
      assertThat(optimizer.gradNorm()).as("asking again changes nothing").isCloseTo(600, within(1e-3));
      optimizer.step(0.001);
      assertThat(optimizer.gradNorm()).as("a step uses the gradients up").isZero();
      assertThat(TestModels.values(Objects.requireNonNull(optimizer.state().get("0.exp_avg"))))
          .containsExactly(new double[] {30, 30, 30, 30}, within(1e-4));
      constantGradient(weight);
      optimizer.accumulate();
      assertThat(optimizer.gradNorm()).as("the next sum starts at zero").isCloseTo(2, within(1e-6));
    }
  }

  @Test void leavesParametersWithoutGradientAlone() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 3, 2);
        var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
      var before = TestModels.values(model);
      constantGradient(model.weight().tensor());
      optimizer.step(0.1);
      var after = TestModels.values(model);
      assertThat(after.get(0)).isNotEqualTo(before.get(0));
      assertThat(after.get(1)).isEqualTo(before.get(1));
      assertThat(Objects.requireNonNull(optimizer.state().get("1.step")).item()).isZero();
    }
  }

  @Test void doesNotStepOnANormThatIsNotFinite() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 3, 2);
        var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
      TestModels.gradients(model, Rng.of(1), 1);
      Objects.requireNonNull(model.weight().grad()).fillInPlace(Double.NaN);
      var before = TestModels.values(model);
      assertThat(optimizer.clipAndStep(0.1, 1)).isNaN();
      assertThat(TestModels.values(model)).usingRecursiveComparison().isEqualTo(before);
      assertThat(model.weight().grad()).as("the trainer decides what becomes of them").isNotNull();
      optimizer.zeroGrad();
      assertThat(model.weight().grad()).isNull();
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void goesOnToTheBitFromSavedState(DType dtype) {
    try (var _ = TensorScope.open(); var saved = new TensorOwner()) {
      var state = new HashMap<String, Tensor>();
      List<double[]> straight;
      try (var model = TestModels.linear(dtype, 5, 3); var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
        steps(model, optimizer, 0, 5);
        model.weights().forEach((n, w) -> state.put(n, saved.own(w.view().detach().copy())));
        optimizer.state().forEach((n, t) -> state.put(n, saved.own(t.detach().copy())));
        steps(model, optimizer, 5, 10);
        straight = TestModels.values(model);
      }
      try (var model = TestModels.linear(dtype, 5, 3); var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
        model.weights().forEach((n, w) -> w.view().detach().copyInPlace(Objects.requireNonNull(state.get(n))));
        optimizer.load(n -> Objects.requireNonNull(state.get(n)));
        steps(model, optimizer, 5, 10);
        assertThat(TestModels.values(model)).usingRecursiveComparison().isEqualTo(straight);
      }
    }
  }

  private static void steps(Linear model, Optimizer optimizer, int from, int to) {
    for (int i = from; i < to; i++) {
      TestModels.gradients(model, Rng.of(100 + i), 1);
      optimizer.clipAndStep(0.01, 1);
    }
  }

  @Test void refusesStateOfAnotherModel() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 5, 3);
        var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
      assertThatThrownBy(() -> optimizer.load(_ -> Tensor.of(1f, 2f))).isInstanceOf(DataException.class)
          .hasMessageContaining("0.exp_avg").hasMessageContaining("[2]").hasMessageContaining("[3, 5]");
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void leaksNothing(DType dtype) {
    try (var model = TestModels.linear(dtype, 5, 3); var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
      accumulateAndStep(model, optimizer);
      long objects = TensorScope.stats().nativeObjects();
      for (int i = 0; i < 20; i++) {
        accumulateAndStep(model, optimizer);
      }
      assertThat(TensorScope.stats().live()).isZero();
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
    }
  }

  private static void accumulateAndStep(Linear model, Optimizer optimizer) {
    TestModels.gradients(model, Rng.of(1), 1);
    optimizer.accumulate();
    TestModels.gradients(model, Rng.of(2), 1);
    optimizer.clipAndStep(0.01, 0.5);
  }

  @Test void closingFreesAllState() {
    try (var model = TestModels.linear(DType.BF16, 5, 3)) {
      openAndClose(model);
      long objects = TensorScope.stats().nativeObjects();
      openAndClose(model);
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
    }
  }

  private static void openAndClose(Linear model) {
    try (var optimizer = AdamW.over(model.parameters(), 0.1, OPTIONS)) {
      accumulateAndStep(model, optimizer);
    }
  }

  @Test void solvesLeastSquares() {
    assertThat(TestModels.train(DType.F32, 0, 0.05, m -> AdamW.over(m.parameters(), 0, OPTIONS))).isGreaterThan(0.5);
    assertThat(TestModels.train(DType.F32, 300, 0.05, m -> AdamW.over(m.parameters(), 0, OPTIONS))).isLessThan(1e-5);
    assertThat(TestModels.train(DType.BF16, 300, 0.05, m -> AdamW.over(m.parameters(), 0, OPTIONS))).isLessThan(1e-3);
  }

  @Test void refusesBadSettings() {
    assertThatThrownBy(() -> new AdamW.Options(0.9, 1, 1e-8)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("beta2 is 1.0").hasMessageContaining("0.95");
    assertThatThrownBy(() -> AdamW.over(List.of(), OPTIONS)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("model.parameters()");
  }
}
