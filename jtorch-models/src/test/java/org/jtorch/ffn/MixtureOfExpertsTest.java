package org.jtorch.ffn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.ffn.FeedForwardConfig.Experts;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.ffn.FeedForwardConfig.Names;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class MixtureOfExpertsTest {
  private static final int DIM = 6;
  private static final double AUX = 0.3;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Experts config(int experts, int active, boolean normalize, int shared) {
    return new Experts(experts, active, 5, Activation.SILU, normalize, shared, AUX, Names.QWEN);
  }

  @SuppressWarnings("MustBeClosedChecker")
  private static MixtureOfExperts layer(Experts config, DType dtype) {
    var layer = new MixtureOfExperts(config, DIM, 0, new Init.Normal(0.5));
    layer.initialize(Device.CPU, dtype, Rng.of(3));
    return layer;
  }

  private static Tensor input(DType dtype) {
    return Rng.of(9).normal(0, 1, dtype, Device.CPU, 2, 7, DIM);
  }

  private static Tensor weight(MixtureOfExperts layer, String name) {
    return Objects.requireNonNull(layer.weights().get(name), name).view();
  }

  /// The right half of the second row is padding. bool `[2, 7]`
  private static Tensor mask() {
    return Tensor.of(1L, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0).view(2, 7).eq(1);
  }

  @Test void weightsHaveTheNamesOfCheckpoints() {
    var qwen = new MixtureOfExperts(config(2, 1, false, 4), DIM, 0, new Init.Normal(0.5));
    assertThat(qwen.weights().keySet()).containsExactlyInAnyOrder("gate.weight", "experts.0.gate_proj.weight", "experts.0.up_proj.weight",
        "experts.0.down_proj.weight", "experts.1.gate_proj.weight", "experts.1.up_proj.weight", "experts.1.down_proj.weight",
        "shared_expert.gate_proj.weight", "shared_expert.up_proj.weight", "shared_expert.down_proj.weight", "shared_expert_gate.weight");
    assertThat(Objects.requireNonNull(qwen.weights().get("experts.1.down_proj.weight")).shape()).containsExactly(DIM, 5);
    assertThat(Objects.requireNonNull(qwen.weights().get("shared_expert_gate.weight")).shape()).containsExactly(1, DIM);
    var mixtral = new MixtureOfExperts(new Experts(1, 1, 5, Activation.SILU, true, 0, 0, Names.MIXTRAL), DIM, 0, new Init.Normal(0.5));
    assertThat(mixtral.weights().keySet()).containsExactlyInAnyOrder("gate.weight", "experts.0.w1.weight", "experts.0.w3.weight",
        "experts.0.w2.weight");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void allOfIdenticalExpertsAreOneDenseLayer(boolean normalize) {
    try (var moe = layer(config(4, 4, normalize, 0), DType.F64); var dense = new GatedMlp(new Gated(5, Activation.SILU, false), DIM,
        new Init.Normal(0.5)); var _ = TensorScope.open(); var _ = Grad.off()) {
      dense.initialize(Device.CPU, DType.F64, Rng.of(4));
      dense.weights().forEach((name, w) -> {
        for (int e = 0; e < 4; e++) {
          weight(moe, "experts." + e + "." + name).copyInPlace(w.view());
        }
      });
      assertThat(moe.apply(input(DType.F64)).toDoubles()).containsExactly(dense.apply(input(DType.F64)).toDoubles(), within(1e-12));
    }
  }

  @Test void theOrderOfExpertsDoesNotMatter() {
    try (var one = layer(config(5, 2, false, 0), DType.F64); var other = layer(config(5, 2, false, 0), DType.F64);
         var _ = TensorScope.open(); var _ = Grad.off()) {
      for (int e = 0; e < 5; e++) {
        int to = (e + 2) % 5;
        for (String name : new String[] {"gate_proj", "up_proj", "down_proj"}) {
          weight(other, "experts." + to + "." + name + ".weight").copyInPlace(weight(one, "experts." + e + "." + name + ".weight"));
        }
        weight(other, "gate.weight").narrow(0, to, 1).copyInPlace(weight(one, "gate.weight").narrow(0, e, 1));
      }
      assertThat(other.apply(input(DType.F64)).toDoubles()).containsExactly(one.apply(input(DType.F64)).toDoubles(), within(1e-12));
    }
  }

  @Test void aSharedGateOfZeroIsHalf() {
    try (var moe = layer(config(3, 1, false, 4), DType.F64); var shared = new GatedMlp(new Gated(4, Activation.SILU, false), DIM,
        new Init.Normal(0.5)); var _ = TensorScope.open(); var _ = Grad.off()) {
      shared.initialize(Device.CPU, DType.F64, Rng.of(4));
      weight(moe, "shared_expert_gate.weight").zeroInPlace();
      shared.weights().forEach((name, w) -> w.view().copyInPlace(weight(moe, "shared_expert." + name)));
      Tensor with = moe.apply(input(DType.F64));
      weight(moe, "shared_expert.down_proj.weight").zeroInPlace();
      Tensor difference = with.sub(moe.apply(input(DType.F64)));
      assertThat(difference.toDoubles()).containsExactly(shared.apply(input(DType.F64)).mul(0.5).toDoubles(), within(1e-12));
    }
  }

  @ParameterizedTest
  @CsvSource({"true, 0, false", "false, 4, false", "true, 4, true", "false, 0, true"})
  void theTapeAgreesWithAutograd(boolean normalize, int shared, boolean padded) {
    try (var moe = layer(config(4, 2, normalize, shared), DType.F64); var _ = TensorScope.open()) {
      var expected = gradients(moe, How.AUTOGRAD, padded);
      for (How how : new How[] {How.TAPE, How.CHECKPOINT}) {
        var actual = gradients(moe, how, padded);
        assertThat(actual.keySet()).containsExactlyElementsOf(expected.keySet());
        actual.forEach((name, g) -> assertThat(g).as("%s %s", how, name).containsExactly(expected.get(name), within(1e-12)));
      }
      assertThat(DoubleStream.of(expected.get("gate.weight"))).anyMatch(v -> Math.abs(v) > 1e-3);
    }
  }

  @ParameterizedTest
  @EnumSource(Activation.class)
  void theTapeKnowsEveryActivation(Activation activation) {
    try (var moe = layer(new Experts(3, 2, 5, activation, true, 0, AUX, Names.QWEN), DType.F64); var _ = TensorScope.open()) {
      var expected = gradients(moe, How.AUTOGRAD, false);
      gradients(moe, How.TAPE, false).forEach((name, g) -> assertThat(g).as(name).containsExactly(expected.get(name), within(1e-12)));
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, 1e-5", "BF16, 0.1"})
  void theGroupedKernelAgreesWithAutograd(DType dtype, double tolerance) {
    var config = new Experts(6, 2, 16, Activation.SILU, true, 0, 0, Names.QWEN);          // some of them without tokens
    var init = new Init.Normal(0.3);
    try (var one = new MixtureOfExperts(config, 8, 0, init); var other = new MixtureOfExperts(config, 8, 0, init); var _ = TensorScope.open()) {
      one.initialize(Device.CPU, dtype, Rng.of(3)).requiresGrad(true);
      other.initialize(Device.CPU, dtype, Rng.of(3)).requiresGrad(true);
      Tensor x = Rng.of(9).normal(0, 1, dtype, Device.CPU, 1, 4, 8);
      one.apply(x).sum().backward();
      try (var tape = GradTape.open()) {
        Tensor y = other.apply(x, Pass.training(tape));
        tape.backward(y, Ops.ones(y.dtype(), y.device(), y.shape()));
      }
      one.weights().keySet().forEach(name ->
          assertThat(gradient(other, name)).as(name).containsExactly(gradient(one, name), within(tolerance)));
      one.zeroGrad();
      other.zeroGrad();
    }
  }

  private static double[] gradient(MixtureOfExperts moe, String name) {
    return Objects.requireNonNull(Objects.requireNonNull(moe.weights().get(name)).grad(), name).to(DType.F64).toDoubles();
  }

  @Test void theTapeAddsToGradientsThatAreThere() {
    try (var moe = layer(config(4, 2, false, 0), DType.F64); var _ = TensorScope.open()) {
      var once = gradients(moe, How.TAPE, false);
      moe.requiresGrad(true);
      run(moe, How.TAPE, null);
      run(moe, How.TAPE, null);
      once.forEach((name, g) -> {
        if (!name.equals("x") && !name.equals("aux")) {
          Tensor twice = Objects.requireNonNull(Objects.requireNonNull(moe.weights().get(name)).grad()).div(2);
          assertThat(twice.toDoubles()).as(name).containsExactly(g, within(1e-12));
        }
      });
      moe.zeroGrad();
    }
  }

  @ParameterizedTest
  @EnumSource(How.class)
  void anExpertWithoutTokensHasAGradientOfZero(How how) {
    try (var moe = layer(config(4, 2, true, 0), DType.F64); var _ = TensorScope.open()) {
      try (var _ = Grad.off()) {                                       // |x| > 0 in the last channel only, see run()
        weight(moe, "gate.weight").narrow(0, 2, 1).zeroInPlace();
        weight(moe, "gate.weight").narrow(0, 2, 1).narrow(1, DIM - 1L, 1).fillInPlace(-50);
      }
      var g = gradients(moe, how, false);
      assertThat(g.get("experts.2.gate_proj.weight")).containsOnly(0);
      assertThat(g.get("experts.2.up_proj.weight")).containsOnly(0);
      assertThat(g.get("experts.2.down_proj.weight")).containsOnly(0);
      g.forEach((name, values) -> assertThat(values).as(name).doesNotContain(Double.NaN));
      assertThat(DoubleStream.of(g.get("experts.1.down_proj.weight"))).anyMatch(v -> v != 0);
    }
  }

  @Test void tokensDoNotDependOnTheirNeighbours() {
    try (var moe = layer(config(4, 2, false, 4), DType.F64); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor all = moe.apply(input(DType.F64));
      Tensor one = moe.apply(input(DType.F64).narrow(0, 1, 1).narrow(1, 3, 1));
      assertThat(one.toDoubles()).containsExactly(all.narrow(0, 1, 1).narrow(1, 3, 1).toDoubles(), within(1e-12));
    }
  }

  @Test void halfPrecisionIsNear() {
    try (var full = layer(config(4, 2, true, 4), DType.F32); var half = layer(config(4, 2, true, 4), DType.BF16);
         var _ = TensorScope.open(); var _ = Grad.off()) {
      half.weights().forEach((name, w) -> weight(full, name).copyInPlace(w.view()));
      Tensor x = input(DType.BF16);
      Tensor y = half.apply(x);
      assertThat(y.dtype()).isEqualTo(DType.BF16);
      assertThat(y.to(DType.F64).toDoubles()).containsExactly(full.apply(x.to(DType.F32)).toDoubles(), within(0.1));
    }
  }

  @Test void wrongConfigurationsNameTheirKey() {
    assertThatIllegalArgumentException().isThrownBy(() -> config(2, 3, false, 0)).withMessageContaining("`num_experts_per_tok` (3)");
  }

  enum How { AUTOGRAD, TAPE, CHECKPOINT }

  /// Gradients of `Σ c y + 0.3 aux` by name; those of the input as `x`, and the balancing loss itself as `aux`.
  private static Map<String, double[]> gradients(MixtureOfExperts moe, How how, boolean padded) {
    moe.requiresGrad(true);
    moe.zeroGrad();
    try (var _ = TensorScope.open()) {
      var map = new LinkedHashMap<>(run(moe, how, padded ? mask() : null));
      for (Map.Entry<String, Weight> w : moe.weights().entrySet()) {
        map.put(w.getKey(), Objects.requireNonNull(w.getValue().grad(), w.getKey()).toDoubles());
      }
      return map;
    } finally {
      moe.zeroGrad();
      moe.requiresGrad(false);
    }
  }

  private static Map<String, double[]> run(MixtureOfExperts moe, How how, @Nullable Tensor mask) {
    try (var _ = TensorScope.open()) {
      Tensor x = input(DType.F64);
      x.narrow(2, DIM - 1L, 1).copyInPlace(x.narrow(2, DIM - 1L, 1).abs().add(1));
      x.requiresGrad(true);
      Tensor c = Rng.of(5).normal(0, 1, DType.F64, Device.CPU, 2, 7, DIM);
      double aux = how == How.AUTOGRAD ? plain(moe, x, c, mask) : taped(moe, x, c, mask, how == How.CHECKPOINT);
      return Map.of("x", Objects.requireNonNull(x.grad()).toDoubles(), "aux", new double[] {aux});
    }
  }

  private static double plain(MixtureOfExperts moe, Tensor x, Tensor c, @Nullable Tensor mask) {
    try (var scope = TensorScope.open()) {
      var routing = new Routing(scope);
      Tensor y = moe.apply(x, Pass.EMPTY.withRouting(routing).withKeyMask(mask));
      Tensor aux = routing.auxLoss();
      y.mul(c).sum().add(aux.mul(AUX)).backward();
      return aux.item();
    }
  }

  private static double taped(MixtureOfExperts moe, Tensor x, Tensor c, @Nullable Tensor mask, boolean checkpoint) {
    try (var tape = GradTape.open()) {
      var routing = new Routing(tape.scope());
      Pass pass = Pass.training(tape).withRouting(routing).withKeyMask(mask);
      Tensor y = checkpoint ? tape.checkpoint(x, (leaf, again) -> moe.apply(leaf, pass.withTape(again))) : moe.apply(x, pass);
      routing.trainWith(AUX);
      tape.backward(y.mul(c).sum());
      return routing.auxLoss().item();
    }
  }
}
