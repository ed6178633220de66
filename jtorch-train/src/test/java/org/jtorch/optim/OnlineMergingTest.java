package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Parameter;
import org.jtorch.optim.OnlineMerging.OnDare;
import org.jtorch.optim.OnlineMerging.OnTies;
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
import org.junit.jupiter.params.provider.MethodSource;

class OnlineMergingTest {
  private static final AdamW.Options ADAM = AdamW.Options.DEFAULT;

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Tensor tau(Parameter p) {
    return Rng.of(p.numel()).normal(0, 0.1, DType.F32, Device.CPU, p.shape());
  }

  private static OnlineMerging over(Linear model, double alpha, OnlineMerging.Rule rule) {
    return OnlineMerging.over(List.of(new ParameterGroup(model.parameters(), 0.1, 2)), OnlineMergingTest::tau,
        new OnlineMerging.Options(alpha, rule, ADAM));
  }

  static Stream<OnlineMerging.Rule> whole() {
    return Stream.of(new OnDare(1, 7), new OnTies(1));
  }

  /// α = 0, p = 1.
  @ParameterizedTest @MethodSource("whole") void withoutTaskVectorAndMaskItIsAdamW(OnlineMerging.Rule rule) {
    for (var dtype : List.of(DType.F32, DType.BF16)) {
      try (var _ = TensorScope.open(); var mine = TestModels.linear(dtype, 30, 101); var adams = TestModels.linear(dtype, 30, 101);
          var merging = over(mine, 0, rule);
          var adam = AdamW.over(List.of(new ParameterGroup(adams.parameters(), 0.1, 2)), ADAM)) {
        for (int i = 0; i < 5; i++) {
          TestModels.gradients(mine, Rng.of(i), 1);
          TestModels.gradients(adams, Rng.of(i), 1);
          merging.step(0.01, 0.25);
          adam.step(0.01, 0.25);
        }
        assertThat(farthest(master(mine, merging), master(adams, adam))).isLessThan(2e-7);
      }
    }
  }

  private static double[] master(Linear model, Optimizer optimizer) {
    var state = optimizer.state().get("0.master");
    return TestModels.values(state == null ? model.weight().tensor() : state);
  }

  private static double farthest(double[] a, double[] b) {
    assertThat(a).hasSameSizeAs(b);
    double most = 0;
    for (int i = 0; i < a.length; i++) {
      most = Math.max(most, Math.abs(a[i] - b[i]));
    }
    return most;
  }

  /// Δθ = 0: the learning rate is 0. The step is α p τ on average, and α τ or nothing in each entry.
  @Test void whatTheTaskVectorAddsIsNotRescaled() {
    double alpha = 1e-3;
    double p = 0.3;
    int steps = 200;
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 20, 20);
        var optimizer = OnlineMerging.over(List.of(new ParameterGroup(model.parameters(), 0.1)), q -> Ops.ones(DType.F32, Device.CPU, q.shape()),
            new OnlineMerging.Options(alpha, new OnDare(p, 1), ADAM))) {
      model.parameters().forEach(q -> q.tensor().detach().fillInPlace(0));
      for (int i = 0; i < steps; i++) {
        TestModels.gradients(model, Rng.of(i), 1);
        optimizer.step(0);
      }
      double mean = DoubleStream.of(TestModels.values(model.weight().tensor())).average().orElseThrow() / steps;
      assertThat(mean).isEqualTo(alpha * p, within(3 * alpha * Math.sqrt(p * (1 - p) / (400.0 * steps))));
    }
  }

  /// 3 standard deviations of a binomial share, of both masks, which are not each other's.
  @Test void bothMasksHaveTheirDensityAndAreIndependent() {
    double p = 0.2;
    long n = 200_000;
    var rule = new OnDare(p, 3);
    try (var _ = TensorScope.open()) {
      Tensor ones = Ops.ones(DType.F32, Device.CPU, n);
      Tensor none = Ops.zerosLike(ones);
      double sigma = Math.sqrt(p * (1 - p) / n);
      double[] delta = TestModels.values(rule.join(ones, none, 0.5, Rng.at(3, 0)).mul(2.0));
      double[] tau = TestModels.values(rule.join(none, ones, 0.5, Rng.at(3, 0)).mul(2.0));
      assertThat(DoubleStream.of(delta).average().orElseThrow()).isEqualTo(p, within(3 * sigma));
      assertThat(DoubleStream.of(tau).average().orElseThrow()).isEqualTo(p, within(3 * sigma));
      double both = 0;
      for (int i = 0; i < n; i++) {
        both += delta[i] * tau[i];
      }
      assertThat(both / n).isEqualTo(p * p, within(3 * Math.sqrt(p * p * (1 - p * p) / n)));
      assertThat(delta).containsOnly(0, 1);
    }
  }

  /// Worked out by hand: of four entries the two largest of each vector stay; the second entries pull apart, and τ's is larger.
  @Test void tiesKeepsTheLargestThatAgree() {
    try (var _ = TensorScope.open()) {
      Tensor delta = Tensor.of(0.01f, -0.2f, 0.3f, 0.02f);
      var rule = new OnTies(0.5);
      Tensor tau = rule.prepare(Tensor.of(0.1f, 1f, -0.2f, -4f));
      assertThat(tau.toFloats()).containsExactly(new float[] {0, 1, 0, -4}, within(0f));
      assertThat(rule.join(delta, tau, 0.25, Rng.of(0)).toFloats())
          .containsExactly(new float[] {0, 0.25f, 0.75f * 0.3f, -1}, within(1e-7f));
    }
  }

  @Test void aStepIsTheTwoTermsTogether() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 1, 1);
        var optimizer = OnlineMerging.over(List.of(new ParameterGroup(model.parameters(), 0)), p -> Ops.full(0.5, DType.F32, Device.CPU, p.shape()),
            new OnlineMerging.Options(0.1, new OnDare(1, 1), ADAM))) {
      model.parameters().forEach(p -> p.tensor().detach().fillInPlace(1));
      model.parameters().forEach(p -> p.tensor().setGrad(Ops.ones(DType.F32, Device.CPU, p.shape())));
      optimizer.step(0.01);                                    // AdamW's first step is the rate
      assertThat(model.weight().tensor().item()).isEqualTo(1 - 0.9 * 0.01 + 0.1 * 0.5, within(1e-6));
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void goesOnToTheBitFromSavedState(DType dtype) {
    for (var rule : List.of(new OnDare(0.4, 5), new OnTies(0.4))) {
      try (var _ = TensorScope.open(); var saved = new TensorOwner()) {
        var state = new HashMap<String, Tensor>();
        List<double[]> straight;
        try (var model = TestModels.linear(dtype, 5, 3); var optimizer = over(model, 1e-2, rule)) {
          steps(model, optimizer, 0, 5);
          model.weights().forEach((n, w) -> state.put(n, saved.own(w.view().detach().copy())));
          optimizer.state().forEach((n, t) -> state.put(n, saved.own(t.detach().copy())));
          steps(model, optimizer, 5, 10);
          straight = TestModels.values(model);
        }
        try (var model = TestModels.linear(dtype, 5, 3); var optimizer = over(model, 1e-2, rule)) {
          model.weights().forEach((n, w) -> w.view().detach().copyInPlace(Objects.requireNonNull(state.get(n))));
          optimizer.load(n -> Objects.requireNonNull(state.get(n)));
          steps(model, optimizer, 5, 10);
          assertThat(TestModels.values(model)).usingRecursiveComparison().isEqualTo(straight);
        }
      }
    }
  }

  private static void steps(Linear model, Optimizer optimizer, int from, int to) {
    for (int i = from; i < to; i++) {
      TestModels.gradients(model, Rng.of(100 + i), 1);
      optimizer.clipAndStep(0.01, 1);
    }
  }

  @Test void aThousandTinyStepsOfBfloat16AreNotLost() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 1, 1)) {
      model.parameters().forEach(p -> p.tensor().detach().fillInPlace(1));
      try (var optimizer = OnlineMerging.over(List.of(new ParameterGroup(model.parameters(), 0)),
          p -> Ops.ones(DType.F32, Device.CPU, p.shape()), new OnlineMerging.Options(1e-4, new OnDare(1, 1), ADAM))) {
        for (int i = 0; i < 1000; i++) {
          TestModels.gradients(model, Rng.of(i), 1);
          optimizer.step(0);
        }
        assertThat(Objects.requireNonNull(optimizer.state().get("0.master")).item()).isEqualTo(1.1, within(1e-4));
        assertThat(model.weight().tensor().item()).isEqualTo(1.1, within(4e-3));
      }
    }
  }

  @Test void learns() {
    for (var rule : List.<OnlineMerging.Rule>of(new OnDare(0.5, 1), new OnTies(0.5))) {
      Function<Linear, Optimizer> build = m -> OnlineMerging.over(ParameterGroups.byRank(m.parameters(), 0),
          p -> Ops.zeros(DType.F32, Device.CPU, p.shape()), OnlineMerging.Options.of(rule));
      assertThat(TestModels.train(DType.F32, 0, 0.05, build)).isGreaterThan(0.5);
      assertThat(TestModels.train(DType.F32, 600, 0.05, build)).isLessThan(1e-2);
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void leaksNothing(DType dtype) {
    try (var model = TestModels.linear(dtype, 5, 3); var optimizer = over(model, 1e-3, new OnDare(0.5, 1))) {
      steps(model, optimizer, 0, 2);
      long objects = TensorScope.stats().nativeObjects();
      steps(model, optimizer, 2, 20);
      assertThat(TensorScope.stats().live()).isZero();
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
    }
  }

  @Test void refusesBadSettings() {
    assertThatThrownBy(() -> new OnDare(0, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("keep is 0.0");
    assertThatThrownBy(() -> new OnTies(1.5)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("keep is 1.5");
    assertThatThrownBy(() -> new OnlineMerging.Options(1, new OnTies(1), ADAM)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("alpha is 1.0").hasMessageContaining("5e-6");
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.F32, 5, 3)) {
      assertThatThrownBy(() -> OnlineMerging.over(ParameterGroups.byRank(model.parameters(), 0), _ -> Tensor.of(1f),
          OnlineMerging.Options.of(new OnTies(1)))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("task vector")
          .hasMessageContaining("[3, 5]");
    }
  }
}
