package org.jtorch.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A packed product against its twin, [Ops#linear].
@SuppressWarnings("MustBeClosedChecker")                                            // requireNonNull hides that they are closed
class PackedWeightTest {
  @ParameterizedTest
  @CsvSource({"F32, 1, 24, 40, 1e-5", "F32, 8, 33, 7, 1e-5", "F32, 64, 96, 130, 1e-5", "BF16, 1, 24, 40, 8e-3", "BF16, 8, 33, 7, 8e-3",
      "BF16, 64, 96, 130, 8e-3"})
  void aProductEqualsItsTwin(DType dtype, int rows, int out, int in, double tolerance) {
    assumeThat(PackedWeight.canPack(dtype, Device.CPU)).isTrue();
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor w = Rng.of(1).normal(0, 1, dtype, Device.CPU, out, in);
      Tensor b = Rng.of(2).normal(0, 1, dtype, Device.CPU, out);
      try (var packed = Objects.requireNonNull(PackedWeight.of(w, 8))) {
        assertThat(packed.bytes()).isEqualTo((long) out * in * dtype.bytes());
        Tensor x = Rng.of(3).normal(0, 1, dtype, Device.CPU, rows, in);
        Tensor strided = Rng.of(4).normal(0, 1, dtype, Device.CPU, rows, 3, in).select(1, 1);
        for (Tensor input : new Tensor[] {x, x.view(1, rows, in), strided}) {
          for (Tensor bias : new @Nullable Tensor[] {null, b}) {
            Tensor expected = Ops.linear(input, w, bias).to(DType.F32);
            Tensor gap = packed.linear(input, bias).to(DType.F32).sub(expected).abs();
            assertThat(packed.linear(input, bias).shape()).isEqualTo(expected.shape());
            assertThat(gap.max().item()).isLessThan(tolerance * expected.abs().max().item());
          }
        }
      }
    }
  }

  /// Whatever layout oneDNN chooses for a number of rows: it is refused, or right for every other number too.
  @ParameterizedTest @ValueSource(ints = {16, 48, 64, 112, 128, 256, 512})
  void aLayoutIsRightForAnyNumberOfRows(int out) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      for (var dtype : List.of(DType.F32, DType.BF16)) {
        assumeThat(PackedWeight.canPack(dtype, Device.CPU)).isTrue();
        Tensor w = Rng.of(1).normal(0, 1, dtype, Device.CPU, out, 64);
        for (int hint : new int[] {1, 8, 12, 64, 200}) {
          try (var packed = PackedWeight.of(w, hint)) {
            assertThat(packed != null || dtype == DType.F32 && out <= 256).isTrue();
            for (int rows : packed == null ? new int[0] : new int[] {1, 3, 8, 12, 64, 200}) {
              Tensor x = Rng.of(3).normal(0, 1, dtype, Device.CPU, rows, 64);
              Tensor expected = Ops.linear(x, w, null).to(DType.F32);
              double gap = Objects.requireNonNull(packed).linear(x, null).to(DType.F32).sub(expected).abs().max().item();
              assertThat(gap).as("%s, packed for %s rows, %s rows", dtype, hint, rows)
                  .isLessThan((dtype == DType.F32 ? 1e-5 : 8e-3) * expected.abs().max().item());
            }
          }
        }
      }
    }
  }

  @Test void theCopyKnowsNothingOfLaterChangesAndIsFreed() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor w = Ops.ones(DType.F32, Device.CPU, 4, 4);
      Tensor x = Ops.ones(DType.F32, Device.CPU, 2, 4);
      try (var first = Objects.requireNonNull(PackedWeight.of(w, 2))) {
        assertThat(first.linear(x, null).toFloats()).containsOnly(4f);
      }
      long objects = TensorScope.stats().nativeObjects();
      try (var packed = Objects.requireNonNull(PackedWeight.of(w, 2))) {
        w.zeroInPlace();
        try (var _ = TensorScope.open()) {
          assertThat(packed.linear(x, null).toFloats()).containsOnly(4f);
        }
      }
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void whatCannotBePackedIsRefused() {
    assertThat(PackedWeight.canPack(DType.F64, Device.CPU)).isFalse();
    try (var _ = TensorScope.open(); var packed = Objects.requireNonNull(PackedWeight.of(Ops.ones(DType.F32, Device.CPU, 4, 4), 1))) {
      assertThatIllegalArgumentException().isThrownBy(() -> PackedWeight.of(Ops.ones(DType.F64, Device.CPU, 4, 4), 1))
          .withMessageContaining("f64");
      assertThatIllegalArgumentException().isThrownBy(() -> packed.linear(Ops.ones(DType.F64, Device.CPU, 1, 4), null))
          .withMessageContaining("x.to(");
    }
  }
}
