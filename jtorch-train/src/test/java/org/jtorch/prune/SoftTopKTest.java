package org.jtorch.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class SoftTopKTest {
  private static double[] mask(DType type, double k, double epsilon, float... scores) {
    try (var _ = TensorScope.open()) {
      return new SoftTopK(k, epsilon).apply(Tensor.of(scores).to(type)).to(DType.F64).toDoubles();
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "F64"}) void knownMasks(DType type) {
    assertThat(mask(type, 2, 1, 2, 1, 0, -1)).containsExactly(new double[] {1, 0.66524096, 0.24472847, 0.09003057}, within(1e-6));
    assertThat(mask(type, 2, 0.1, 2, 1, 0, -1)).containsExactly(new double[] {1, 0.9999546, 4.54e-5, 2.1e-9}, within(1e-6));
    assertThat(mask(DType.F64, 2, 0.1, 2, 1, 0, -1)[3]).isCloseTo(2.1e-9, within(5e-11));
  }

  /// Between 0 and 1, adding to k, in the order of the scores, and the same for scores that all grow by 5.
  @ParameterizedTest @CsvSource({"1, 1", "17, 1", "17, 0.3", "17, 0.05", "50, 0.05", "17.5, 0.1", "60, 1"})
  void masksAreWhatTheyPromise(double k, double epsilon) {
    try (var _ = TensorScope.open()) {
      Tensor scores = Rng.of(3).normal(0, 1, DType.F64, Device.CPU, 5, 64);
      Tensor z = new SoftTopK(k, epsilon).apply(scores);
      assertThat(Arrays.stream(z.toDoubles()).allMatch(v -> v >= 0 && v <= 1)).isTrue();
      assertThat(z.sum(1, false).toDoubles()).containsExactly(IntStream.range(0, 5).mapToDouble(_ -> k).toArray(), within(1e-9));
      Tensor sorted = z.gather(1, Ops.sort(scores, 1, true).indices());
      assertThat(sorted.narrow(1, 0, 63).sub(sorted.narrow(1, 1, 63)).neg().max().item()).isLessThanOrEqualTo(0);
      Tensor moved = new SoftTopK(k, epsilon).apply(scores.add(5.0));
      assertThat(moved.sub(z).abs().max().item()).isLessThan(1e-12);
    }
  }

  @Test void littleSoftnessGivesTheHardChoice() {
    assertThat(mask(DType.F32, 2, 1e-3f, 0.3f, -0.2f, 0.9f, 0.1f, 0.28f)).containsExactly(new double[] {1, 0, 1, 0, 0}, within(1e-6));
  }

  @Test void halfPrecisionScoresAreWorkedInFloat() {
    try (var _ = TensorScope.open()) {
      assertThat(new SoftTopK(2, 1).apply(Tensor.of(2, 1, 0, -1f).to(DType.BF16)).dtype()).isEqualTo(DType.F32);
    }
  }

  private static Tensor gradient(Tensor leaf) {
    return Objects.requireNonNull(leaf.grad());
  }

  /// The plain twin: the rounds of the paper.
  private static Tensor ascent(Tensor scores, double k, double epsilon, int rounds) {
    Tensor u = scores.div(epsilon);
    Tensor bounded = u;
    Tensor a = u;
    for (int i = 0; i < rounds; i++) {
      Tensor high = bounded.detach().amax(1, true);
      a = bounded.sub(high).exp().sum(1, true).log().add(high).neg().add(Math.log(k));
      bounded = u.sub(Ops.relu(u.add(a)));
    }
    return bounded.add(a).exp();
  }

  @ParameterizedTest @CsvSource({"17, 1, 20", "17, 0.3, 200", "17.5, 0.1, 600", "4, 0.05, 600"})
  void manyRoundsOfAscentComeToTheSameMasksAndGradients(double k, double epsilon, int rounds) {
    try (var _ = TensorScope.open()) {
      Tensor scores = Rng.of(3).normal(0, 1, DType.F64, Device.CPU, 2, 64);
      Tensor weights = Rng.of(5).normal(0, 1, DType.F64, Device.CPU, 2, 64);
      Tensor a = scores.copy().requiresGrad(true);
      Tensor b = scores.copy().requiresGrad(true);
      Tensor direct = new SoftTopK(k, epsilon).apply(a);
      Tensor ascended = ascent(b, k, epsilon, rounds);
      direct.mul(weights).sum().backward();
      ascended.mul(weights).sum().backward();
      assertThat(direct.detach().toDoubles()).containsExactly(ascended.detach().toDoubles(), within(1e-4));
      assertThat(gradient(a).toDoubles()).containsExactly(gradient(b).toDoubles(), within(1e-3));
      assertThat(gradient(a).abs().max().item()).isGreaterThan(0.01);
    }
  }

  @ParameterizedTest @CsvSource({"3, 1", "3, 0.2", "2.5, 0.5"}) void gradientsAreThoseOfFiniteDifferences(double k, double epsilon) {
    var topK = new SoftTopK(k, epsilon);
    try (var _ = TensorScope.open()) {
      Tensor scores = Rng.of(4).normal(0, 1, DType.F64, Device.CPU, 8);
      Tensor weights = Rng.of(5).normal(0, 1, DType.F64, Device.CPU, 8);
      Tensor leaf = scores.copy().requiresGrad(true);
      topK.apply(leaf).mul(weights).sum().backward();
      double[] gradient = gradient(leaf).toDoubles();
      for (int i = 0; i < 8; i++) {
        var step = new float[8];
        step[i] = 1;
        Tensor d = Tensor.of(step).to(DType.F64).mul(1e-5);
        double slope = (topK.apply(scores.add(d)).mul(weights).sum().item() - topK.apply(scores.sub(d)).mul(weights).sum().item()) / 2e-5;
        assertThat(gradient[i]).as("score " + i).isCloseTo(slope, within(1e-6));
      }
      assertThat(gradient(leaf).abs().max().item()).isGreaterThan(0.01);
    }
  }

  @Test void allOfThemAreOnesWithoutSlope() {
    try (var _ = TensorScope.open()) {
      Tensor leaf = Tensor.of(3f, -2f, 0.5f).requiresGrad(true);
      Tensor z = new SoftTopK(3, 0.05).apply(leaf);
      z.sum().backward();
      assertThat(z.detach().toFloats()).containsExactly(1, 1, 1);
      assertThat(gradient(leaf).toFloats()).containsExactly(0, 0, 0);
    }
  }

  @Test void settingsAreChecked() {
    assertThatIllegalArgumentException().isThrownBy(() -> new SoftTopK(0, 1)).withMessage("`k` must be above 0 but was 0.0; 256 is an example");
    assertThatIllegalArgumentException().isThrownBy(() -> new SoftTopK(2, 0)).withMessageContaining("`epsilon` must be above 0");
    assertThatIllegalArgumentException().isThrownBy(() -> mask(DType.F32, 5, 1, 1, 2, 3)).withMessageContaining("at most the number of scores (3)");
  }
}
