package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Objects;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HardConcreteTest {
  private static final HardConcrete Z = HardConcrete.DEFAULT;

  @Test void knownProbabilitiesAndMasks() {
    try (var _ = TensorScope.open()) {
      Tensor logAlpha = Tensor.of(0f, 2f, -2f).to(DType.F64);
      assertThat(Z.open(logAlpha).toDoubles()).containsExactly(new double[] {0.8318221840, 0.9733666553, 0.4009752644}, within(1e-10));
      assertThat(Z.deterministic(logAlpha).toDoubles()).containsExactly(new double[] {0.5, 0.9569564936, 0.0430435064}, within(1e-10));
    }
  }

  @Test void theExpectedCountIsTheSumOfProbabilities() {
    try (var _ = TensorScope.open()) {
      Tensor logAlpha = Tensor.of(0f, 2f, -2f).to(DType.F64);
      assertThat(Z.open(logAlpha).sum().item()).isCloseTo(2.2061641037, within(1e-9));
    }
  }

  /// Of n draws the number that is not 0 deviates from n P by less than three of its deviations √(n P (1 − P)).
  @ParameterizedTest @ValueSource(doubles = {0, 2, -2}) void drawnMasksAreOpenAsOftenAsTheyShould(double value) {
    int n = 200_000;
    try (var _ = TensorScope.open()) {
      Tensor logAlpha = Ops.full(value, DType.F32, Device.CPU, n);
      double p = Z.open(logAlpha.narrow(0, 0, 1)).item();
      Tensor z = Z.sample(logAlpha, Rng.of(7));
      assertThat(z.gt(Ops.zerosLike(z)).to(DType.F64).sum().item()).isCloseTo(n * p, within(3 * Math.sqrt(n * p * (1 - p))));
      assertThat(z.toFloats()).contains(0f, 1f);
      assertThat(z.max().item()).isEqualTo(1);
      assertThat(z.neg().max().item()).isZero();
    }
  }

  @Test void drawsDifferAndComeAgain() {
    try (var _ = TensorScope.open()) {
      Tensor logAlpha = Ops.zeros(DType.F32, Device.CPU, 100);
      float[] first = Z.sample(logAlpha, Rng.at(1, 5)).toFloats();
      assertThat(Z.sample(logAlpha, Rng.at(1, 5)).toFloats()).isEqualTo(first);
      assertThat(Z.sample(logAlpha, Rng.at(1, 6)).toFloats()).isNotEqualTo(first);
    }
  }

  /// `d/dx σ(x) 1.2 = 1.2 σ (1 − σ)`, which is 0.3 at 0; where the mask is cut there is no slope.
  @Test void gradientsReachLogAlpha() {
    try (var _ = TensorScope.open()) {
      Tensor logAlpha = Tensor.of(0f, 9f, -9f).requiresGrad(true);
      Z.deterministic(logAlpha).sum().backward();
      assertThat(Objects.requireNonNull(logAlpha.grad()).toFloats()).containsExactly(new float[] {0.3f, 0, 0}, within(1e-6f));
    }
  }

  @Test void settingsAreChecked() {
    assertThatIllegalArgumentException().isThrownBy(() -> new HardConcrete(0, -0.1, 1.1, 1e-6)).withMessageContaining("`tau` must be above 0");
    assertThatIllegalArgumentException().isThrownBy(() -> new HardConcrete(0.6, 0, 1.1, 1e-6)).withMessageContaining("`gamma` must be below 0");
    assertThatIllegalArgumentException().isThrownBy(() -> new HardConcrete(0.6, -0.1, 1, 1e-6)).withMessageContaining("`zeta` must be above 1");
    assertThatIllegalArgumentException().isThrownBy(() -> new HardConcrete(0.6, -0.1, 1.1, 0)).withMessageContaining("`epsilon` must be between");
  }
}
