package org.jtorch.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.QkNorm;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.nn.Init;
import org.jtorch.nn.Pass;
import org.jtorch.nn.SoftCap;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// The paths of attention against each other: blocks with gradients by hand, products under autograd, libtorch's own.
@SuppressWarnings("MustBeClosedChecker")
class AttentionTest {
  private static final int DIM = 12;
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private TensorScope scope;

  enum Mask { NONE, SEGMENTS, WINDOW, PADDING, POSITIONS, PREFIX, ALL }

  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void close() {
    scope.close();
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1, 4, 2", "5, 4, 4", "127, 2, 1", "128, 2, 2", "129, 4, 2", "300, 4, 1"})
  void blocksEqualAutogradAtEveryLength(long T, int heads, int kvHeads) {
    compare(config(heads, kvHeads, Span.FULL), Mask.NONE, T, DType.F32, 2e-5);
  }

  @ParameterizedTest @EnumSource(Mask.class)
  void blocksEqualAutogradUnderEveryMask(Mask mask) {
    var span = mask == Mask.WINDOW || mask == Mask.ALL ? new Span.Sliding(9) : Span.FULL;
    compare(config(4, 2, span), mask, 7, DType.F32, 2e-5);
    compare(config(4, 2, span), mask, 150, DType.F32, 2e-5);
    compare(config(4, 2, span), mask, 150, DType.BF16, 0.06);
  }

  /// One of everything that a family may ask for.
  static Stream<Gqa> variants() {
    Gqa plain = config(4, 2, Span.FULL);
    return Stream.of(plain.withCap(new SoftCap(1.5)), plain.withQkNorm(new QkNorm.BeforeRope(1e-3)),
        plain.withQkNorm(new QkNorm.AfterRope(1e-3)), plain.withScale(0.7), plain.withRope(null), plain.withSpan(Span.BIDIRECTIONAL),
        plain.withSpan(Span.BIDIRECTIONAL).withRope(null), plain.withSpan(new Span.Sliding(1)),
        plain.withSpan(new Span.Sliding(20)).withCap(new SoftCap(2)).withQkNorm(new QkNorm.BeforeRope(1e-3)).withScale(0.3),
        plain.withSpan(new Span.DualChunk(16, 12)), plain.withSpan(new Span.DualChunk(16, 12)).withQkNorm(new QkNorm.BeforeRope(1e-3)));
  }

  @ParameterizedTest @MethodSource("variants")
  void everyVariantHasTheGradientsOfAutograd(Gqa config) {
    compare(config, Mask.NONE, 7, DType.F32, 2e-5);
    compare(config, Mask.NONE, 150, DType.F32, 2e-5);
    compare(config, Mask.PADDING, 150, DType.F32, 2e-5);
    compare(config, Mask.SEGMENTS, 150, DType.F32, 2e-5);
  }

  private static Gqa config(int heads, int kvHeads, Span span) {
    return new Gqa(heads, kvHeads, 6, true, true, ROPE, span);
  }

  private static void compare(Gqa config, Mask mask, long T, DType dtype, double tolerance) {
    try (var _ = TensorScope.open(); var layer = new GroupedQueryAttention(config, DIM, 0, new Init.Normal(0.4), new Init.Normal(0.4))) {
      layer.initialize(Device.CPU, dtype, Rng.of(T)).requiresGrad(true);
      Tensor real = Ops.ones(dtype, Device.CPU, 2, T, 1);
      Pass pass = masked(Pass.EMPTY, mask, T);
      if (pass.keyMask() != null) {
        real = pass.keyMask().to(dtype).unsqueeze(-1);           // what padding answers does not matter
      }
      Tensor x = normal(dtype, 2, T).requiresGrad(true);
      Tensor g = normal(dtype, 3, T).mul(real);
      float[] expected;
      float[] fused;
      try (var home = TensorScope.open()) {
        Tensor y = layer.apply(x, shared(pass, home, T, dtype));
        expected = y.mul(real).toFloats();
        y.backward(g);
      }
      try (var home = TensorScope.open(); var _ = Grad.off()) {
        fused = layer.apply(x, shared(pass, home, T, dtype)).mul(real).toFloats();
      }
      var gradients = grads(x, layer);
      layer.zeroGrad();
      x.setGrad(null);
      try (var tape = GradTape.open()) {
        Tensor y = layer.apply(x, shared(pass.withTape(tape), tape.scope(), T, dtype));
        near("tape", y.mul(real), expected, tolerance);
        tape.backward(y, g);
      }
      assertThat(fused).as("without gradients").containsExactly(expected, within((float) tolerance * scale(expected)));
      var byHand = grads(x, layer);
      for (int i = 0; i < byHand.size(); i++) {
        assertThat(byHand.get(i)).as("gradient %s of %s", i, mask)
            .containsExactly(gradients.get(i), within((float) tolerance * scale(gradients.get(i))));
      }
    }
  }

  private static Pass masked(Pass pass, Mask mask, long T) {
    boolean all = mask == Mask.ALL;
    if (all || mask == Mask.SEGMENTS) {
      pass = pass.withSegments(Ops.cat(0, segments(T, T / 3, T / 2), segments(T, 2, T - 1)));
    }
    if (all || mask == Mask.PADDING) {
      Tensor k = Ops.arange(0, T, Device.CPU).view(1, T);
      pass = pass.withKeyMask(Ops.cat(0, k.ge(2), k.ge(T - 3.0).not()));
    }
    if (mask == Mask.PREFIX) {
      pass = pass.withPrefix(Ops.of(new long[] {3, T}, Device.CPU, 2));
    }
    if (all || mask == Mask.POSITIONS) {
      Tensor k = Ops.arange(0, T, Device.CPU).view(1, T);
      pass = pass.withPositions(Ops.cat(0, k, Ops.arange(5, T + 5, Device.CPU).view(1, T)));
    }
    return pass;
  }

  /// Segment 0 up to `a`, 1 up to `b`, then 2. `[1, T]`
  private static Tensor segments(long T, long a, long b) {
    Tensor k = Ops.arange(0, T, Device.CPU).view(1, T);
    return k.ge(a).to(DType.I64).add(k.ge(b).to(DType.I64));
  }

  private static Pass shared(Pass pass, TensorScope home, long T, DType dtype) {
    Tensor ids = Ops.zeros(DType.I64, Device.CPU, 2, T);
    return pass.withShared(new AttentionState(pass, home, ids, dtype, null));
  }

  private static void near(String what, Tensor t, float[] expected, double tolerance) {
    assertThat(t.toFloats()).as(what).containsExactly(expected, within((float) tolerance * scale(expected)));
  }

  private static Tensor normal(DType dtype, long seed, long T) {
    return Rng.of(seed).normal(0, 1, dtype, Device.CPU, 2, T, DIM);
  }

  private static float scale(float[] values) {
    float most = 1e-3f;
    for (float v : values) {
      most = Math.max(most, Math.abs(v));
    }
    return most;
  }

  private static List<float[]> grads(Tensor x, GroupedQueryAttention layer) {
    var list = new ArrayList<float[]>();
    list.add(grad(x));
    layer.parameters().forEach(p -> list.add(grad(p.tensor())));
    return list;
  }

  private static float[] grad(Tensor leaf) {
    return Objects.requireNonNull(leaf.grad()).toFloats();
  }
}
