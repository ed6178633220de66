package org.jtorch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MergeMethodTest {
  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static double[] merge(MergeMethod method, float @Nullable [] base, float[]... models) {
    try (var _ = TensorScope.open()) {
      var weights = Arrays.stream(models).<Merging.Weights>map(m -> _ -> Tensor.of(m)).toList();
      return new Merging(method, weights, from(base), Set.of("w")).weight("w").toDoubles();
    }
  }

  private static Merging.@Nullable Weights from(float @Nullable [] base) {
    if (base == null) {
      return null;
    }
    float[] values = base;
    return _ -> Tensor.of(values);
  }

  private static float[] floats(double... values) {
    float[] f = new float[values.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) values[i];
    }
    return f;
  }

  // ---- averages

  @Test void theMeanOfEqualModelsIsTheModelAndTheOrderDoesNotMatter() {
    float[] a = floats(1, -2, 3.5);
    float[] b = floats(0.5, 4, -1);
    assertThat(merge(Linear.uniform(3), null, a, a, a)).containsExactly(new double[] {1, -2, 3.5}, within(1e-6));
    assertThat(merge(Linear.uniform(2), null, a, b)).isEqualTo(merge(Linear.uniform(2), null, b, a)).containsExactly(0.75, 1, 1.25);
    assertThat(merge(new Linear(List.of(3.0, 1.0)), null, a, b)).containsExactly(new double[] {0.875, -0.5, 2.375}, within(1e-6));
    assertThat(merge(new Linear(List.of(3.0, 1.0)), floats(9, 9, 9), a, b)).as("a base cancels").containsExactly(new double[] {0.875, -0.5, 2.375},
        within(1e-5));
  }

  /// A thousand steps of 2⁻¹⁰ in bf16 would leave 1 where it is.
  @Test void halfPrecisionIsAveragedInFloat32() {
    try (var _ = TensorScope.open()) {
      Merging.Weights a = _ -> Tensor.of(1f).to(DType.BF16);
      Merging.Weights b = _ -> Tensor.of(1.0078125f).to(DType.BF16);
      Tensor mean = new Merging(Linear.uniform(2), List.of(a, b), null, Set.of("w")).weight("w");
      assertThat(mean.dtype()).isEqualTo(DType.F32);
      assertThat(mean.item()).isEqualTo(1.00390625);
    }
  }

  @Test void taskVectorsAreAddedAndTakenAway() {
    assertThat(merge(new TaskArithmetic(List.of(1.0, 1.0)), floats(1, 1), floats(2, 1), floats(1, 3))).containsExactly(2, 3);
    assertThat(merge(new TaskArithmetic(List.of(-0.5)), floats(1, 1), floats(2, 1))).containsExactly(0.5, 1);
  }

  // ---- spherical

  @ParameterizedTest @CsvSource({"40, 0.5320888862, 0.9396926", "60, 0.5773502692, 0.8660254", "90, 0.7071067812, 0.7071068"})
  void halfwayOnTheArcIsAsLongAsItsEnds(double degrees, double factor, double chord) {
    double omega = Math.toRadians(degrees);
    double[][] products = {{1, Math.cos(omega)}, {Math.cos(omega), 1}};
    assertThat(new Slerp(0.5, Slerp.Angle.PER_TENSOR).factors(products)).containsExactly(new double[] {factor, factor}, within(1e-10));
    float[] other = floats(Math.cos(omega), Math.sin(omega));
    double[] arc = merge(new Slerp(0.5, Slerp.Angle.PER_TENSOR), floats(5, 5), floats(6, 5), floats(5 + other[0], 5 + other[1]));
    assertThat(Math.hypot(arc[0] - 5, arc[1] - 5)).isCloseTo(1, within(1e-6));
    double[] line = merge(Linear.uniform(2), null, floats(1, 0), other);
    assertThat(Math.hypot(line[0], line[1])).isCloseTo(chord, within(1e-6));
  }

  @Test void threeThatStandOnEachOtherAreTakenInOneByOne() {
    for (var angle : Slerp.Angle.values()) {
      double[] merged = merge(new Slerp(0.5, angle), floats(0, 0, 0), floats(1, 0, 0), floats(0, 1, 0), floats(0, 0, 1));
      assertThat(merged).containsExactly(new double[] {0.61237244, 0.61237244, 0.5}, within(1e-7));
    }
  }

  @Test void theEndsAreTheModelsAndSpecialAnglesAreStraight() {
    float[] a = floats(1, 2);
    float[] b = floats(-1, 3);
    assertThat(merge(new Slerp(0, Slerp.Angle.PER_TENSOR), null, a, b)).containsExactly(new double[] {1, 2}, within(1e-6));
    assertThat(merge(new Slerp(1, Slerp.Angle.PER_TENSOR), null, a, b)).containsExactly(new double[] {-1, 3}, within(1e-6));
    assertThat(merge(new Slerp(0.25, Slerp.Angle.PER_TENSOR), null, a, floats(2, 4))).as("of one direction")
        .containsExactly(new double[] {1.25, 2.5}, within(1e-6));
    assertThat(merge(new Slerp(0.25, Slerp.Angle.PER_TENSOR), null, a, floats(-1, -2))).as("of opposite ones")
        .containsExactly(new double[] {0.5, 1}, within(1e-6));
    assertThat(merge(new Slerp(0.25, Slerp.Angle.PER_TENSOR), a, a, b)).as("of nothing and something")
        .containsExactly(new double[] {-1, 3}, within(1e-6));
  }

  /// Two tensors that stand on each other and one pair that does not: the angle over all is another one than each tensor's.
  @Test void oneAngleOverAllTensors() {
    var a = Map.of("x", floats(1, 0), "y", floats(1, 0));
    var b = Map.of("x", floats(0, 1), "y", floats(1, 0));
    try (var _ = TensorScope.open()) {
      var merging = new Merging(new Slerp(0.5, Slerp.Angle.ALL_TENSORS), List.of(n -> Tensor.of(Objects.requireNonNull(a.get(n))), n -> Tensor.of(Objects.requireNonNull(b.get(n)))), null,
          Set.of("x", "y"));
      double factor = 0.5773502692;                                             // the cosine over all is ½: 60°
      assertThat(merging.weight("x").toDoubles()).containsExactly(new double[] {factor, factor}, within(1e-6));
      assertThat(merging.weight("y").toDoubles()).containsExactly(new double[] {2 * factor, 0}, within(1e-6));
    }
  }

  // ---- sparse

  /// Of four entries the two largest stay: (3, 0, −2, 0) and (−1, 0, 0, 4) after trimming (3, 1, −2, 0.5) and (−1, 0.2, 0.3, 4); the signs
  /// (+, ·, −, +) win, and the means of those that agree are 3, −2 and 4.
  @Test void tiesByHand() {
    assertThat(merge(new Ties(0.5, 1), floats(0, 0, 0, 0), floats(3, 1, -2, 0.5), floats(-1, 0.2, 0.3, 4))).containsExactly(3, 0, -2, 4);
    assertThat(merge(new Ties(1, 0.5), floats(1, 1), floats(3, 0), floats(5, 2))).as("all stay; 2 and 4 agree, −1 and 1 are even, + wins")
        .containsExactly(2.5, 1.5);
    assertThat(merge(new Ties(1, 1), floats(1, 1), floats(3, 0))).as("one model alone").containsExactly(3, 0);
  }

  @Test void dareKeepsTheMeanAndTheSeedDecides() {
    var random = new Random(1);
    float[] model = new float[10_000];
    for (int i = 0; i < model.length; i++) {
      model[i] = 1;
    }
    double[] merged = merge(new Dare(List.of(1.0), 0.25, 7), new float[10_000], model);
    long kept = IntStream.range(0, merged.length).filter(i -> merged[i] != 0).count();
    assertThat((double) kept).as("within three deviations").isCloseTo(2500, within(3 * Math.sqrt(10_000 * 0.25 * 0.75)));
    assertThat(merged).containsOnly(0, 4);
    assertThat(merge(new Dare(List.of(1.0), 0.25, 7), new float[10_000], model)).isEqualTo(merged);
    assertThat(merge(new Dare(List.of(1.0), 0.25, 8), new float[10_000], model)).isNotEqualTo(merged);
    assertThat(merge(new Dare(List.of(0.5), 1, random.nextLong()), floats(1, 1), floats(2, 3))).as("all stay").containsExactly(1.5, 2);
  }

  @Test void settingsAreChecked() {
    assertThatThrownBy(() -> merge(new TaskArithmetic(List.of(1.0)), null, floats(1))).hasMessageContaining("no `base` is given");
    assertThatThrownBy(() -> merge(new Linear(List.of(1.0, 2.0)), null, floats(1))).hasMessageContaining("1 models but 2 `weights`");
    assertThatThrownBy(() -> new Linear(List.of(1.0, -1.0))).hasMessageContaining("add up to 0.0");
    assertThatThrownBy(() -> merge(new Slerp(0.5, Slerp.Angle.PER_TENSOR), null, floats(1))).hasMessageContaining("give two or more");
    assertThatThrownBy(() -> new Slerp(1.5, Slerp.Angle.PER_TENSOR)).hasMessageContaining("`lambda` must be in [0, 1]");
    assertThatThrownBy(() -> new Ties(0, 1)).hasMessageContaining("`density`");
    assertThatThrownBy(() -> new Dare(List.of(), 0.5, 0)).hasMessageContaining("`weights`");
  }
}
