package org.jtorch.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.SoftmaxPass.Mask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Each fused pass against its plain twin, and both against float64: in float32 to rounding, in bf16 to the one rounding of
/// what is stored. Odd widths reach the loops' ends.
class PassesTest {
  private TensorScope scope;

  @SuppressWarnings("MustBeClosedChecker")                                      // close() is the end of each test
  @BeforeEach void open() {
    scope = TensorScope.open();
  }

  @AfterEach void close() {
    scope.close();
  }

  private static Tensor normal(long seed, DType type, long... shape) {
    return Rng.of(seed).normal(0, 1, DType.F32, Device.CPU, shape).to(type);
  }

  static Stream<DType> types() {
    return Stream.of(DType.F32, DType.BF16);
  }

  /// Relative L2 distance.
  static double distance(Tensor a, Tensor exact) {
    Tensor e = exact.to(DType.F64);
    return Math.sqrt(a.to(DType.F64).sub(e).square().sum().item() / e.square().sum().item());
  }

  /// What one rounding to the type may do at most to the relative L2 norm.
  private static double rounding(DType type) {
    return type == DType.BF16 ? 2.0e-3 : 4e-7;
  }

  @Test void theModuleIsThereInTheTests() {
    assertThat(Kernels.available()).isTrue();
    assertThat(Kernels.report()).startsWith("fused passes");
    assertThat(Kernels.fuse(normal(1, DType.F32, 4, 4))).as("small tensors go to the twin").isFalse();
    assertThat(Kernels.fuse(normal(1, DType.F64, 128, 128))).isFalse();
    assertThat(Kernels.fuse(normal(1, DType.F32, 128, 128).t())).isFalse();
  }

  @ParameterizedTest @MethodSource("types") void rmsNorm(DType type) {
    for (int C : new int[] {64, 100}) {
      Tensor x = normal(1, DType.F32, 200, C);
      Tensor w = normal(2, DType.F32, C);
      var fused = RmsNormPass.forward(x, w, 1e-5, true, type);
      var exact = RmsNormPass.plain(x.to(DType.F64), w.to(DType.F64), 1e-5, true, DType.F64);
      assertThat(distance(fused.y(), exact.y())).isLessThan(rounding(type));
      assertThat(distance(fused.r(), exact.r())).isLessThan(1e-6);
      assertThat(distance(fused.y(), RmsNormPass.plain(x, w, 1e-5, true, type).y())).isLessThan(rounding(type));

      Tensor dy = normal(3, type, 200, C);
      Tensor sum = normal(4, DType.F32, 200, C);
      Tensor ds = normal(5, DType.F32, C);
      Tensor exactDs = ds.to(DType.F64);
      Tensor exactDx = RmsNormPass.plainBackward(dy.to(DType.F64), x.to(DType.F64), exact.r(), w.to(DType.F64), exactDs).add(sum.to(DType.F64));
      assertThat(RmsNormPass.backward(dy, x, fused.r(), w, sum, ds)).isNull();
      assertThat(distance(sum, exactDx)).isLessThan(1e-6);
      assertThat(distance(ds, exactDs)).isLessThan(1e-6);
    }
  }

  @Test void rmsNormRoundsEarlyWhereLlamaDoes() {
    Tensor x = normal(1, DType.BF16, 128, 96);
    Tensor w = normal(2, DType.F32, 96);
    for (boolean early : new boolean[] {true, false}) {
      assertThat(RmsNormPass.forward(x, w, 1e-6, early, DType.BF16).y().toFloats())
          .isEqualTo(RmsNormPass.plain(x, w, 1e-6, early, DType.BF16).y().toFloats());
    }
    assertThat(RmsNormPass.forward(x, w, 1e-6, true, DType.BF16).y().toFloats())
        .isNotEqualTo(RmsNormPass.forward(x, w, 1e-6, false, DType.BF16).y().toFloats());
  }

  @ParameterizedTest @EnumSource(GatedPass.Gate.class) void gatedActivations(GatedPass.Gate gate) {
    for (DType type : types().toList()) {
      for (int F : new int[] {64, 70}) {
        Tensor both = normal(1, type, 100, 2L * F).mul(3).to(type);
        Tensor da = normal(2, type, 100, F);
        Tensor exact = GatedPass.plain(gate, both.to(DType.F64));
        assertThat(distance(GatedPass.forward(gate, both), exact)).isLessThan(rounding(type));
        assertThat(distance(GatedPass.backward(gate, da, both), GatedPass.plainBackward(gate, da.to(DType.F64), both.to(DType.F64))))
            .isLessThan(rounding(type));
        assertThat(distance(GatedPass.plainBackward(gate, da, both), GatedPass.backward(gate, da, both))).isLessThan(rounding(type));
      }
    }
  }

  @ParameterizedTest @EnumSource(GatedPass.Gate.class) void theGatedTwinsAreAutogradsGradient(GatedPass.Gate gate) {
    Tensor both = normal(1, DType.F64, 3, 8).requiresGrad(true);
    Tensor da = normal(2, DType.F64, 3, 4);
    Tensor g = both.narrow(1, 0, 4);
    (gate == GatedPass.Gate.SILU ? Ops.silu(g) : Ops.geluTanh(g)).mul(both.narrow(1, 4, 4)).mul(da).sum().backward();
    assertThat(distance(GatedPass.plainBackward(gate, da, both.detach()), Objects.requireNonNull(both.grad()))).isLessThan(1e-12);
  }

  @ParameterizedTest @MethodSource("types") void theResidualStream(DType type) {
    Tensor x = normal(1, DType.F32, 101, 99);
    Tensor f = normal(2, type, 101, 99);
    assertThat(ResidualPass.add(x, f).toFloats()).isEqualTo(ResidualPass.plain(x, f).toFloats());
  }

  @ParameterizedTest @MethodSource("types") void tokens(DType type) {
    for (double cap : new double[] {Double.POSITIVE_INFINITY, 5}) {
      Tensor z = normal(1, DType.F32, 40, 333).mul(2).to(type);
      Tensor t = Ops.arange(0, 40, Device.CPU).mul(7).to(DType.I64);
      Tensor exactZ = z.to(DType.F64);
      var exact = TokenPass.plain(exactZ, t);
      var rows = TokenPass.forward(z, t);
      assertThat(distance(rows.lse(), exact.lse())).isLessThan(1e-6);
      assertThat(distance(rows.chosen(), exact.chosen())).isLessThan(1e-6);
      assertThat(distance(rows.sum(), exact.sum())).isLessThan(1e-5);
      Tensor a = normal(2, DType.F32, 40);
      Tensor b = normal(3, DType.F32, 40);
      Tensor c = normal(4, DType.F32, 40);
      Tensor wanted = TokenPass.plainGradient(exactZ, t, a.to(DType.F64), b.to(DType.F64), c.to(DType.F64), cap);
      TokenPass.gradient(z, t, rows.lse(), a, b, c, cap);
      assertThat(distance(z, wanted)).isLessThan(rounding(type));
    }
  }

  @Test void theTokenTwinsAreAutogradsGradient() {
    Tensor u = normal(1, DType.F64, 4, 9).mul(4).requiresGrad(true);
    Tensor t = Tensor.of(1, 0, 8, 3);
    Tensor a = normal(2, DType.F64, 4);
    Tensor b = normal(3, DType.F64, 4);
    Tensor c = normal(4, DType.F64, 4);
    Tensor z = u.div(5).tanh().mul(5);
    var rows = TokenPass.plain(z, t);
    a.mul(rows.chosen()).add(b.mul(rows.sum())).add(c.mul(rows.lse())).sum().backward();
    Tensor mine = TokenPass.plainGradient(z.detach(), t, a, b, c, 5);
    assertThat(distance(mine, Objects.requireNonNull(u.grad()))).isLessThan(1e-12);
  }

  @Test void aSureTokenStillHasItsLossAndGradient() {
    Tensor z = Ops.zeros(DType.BF16, Device.CPU, 16, 1024);
    Tensor t = Ops.zeros(DType.I64, Device.CPU, 16);
    z.narrow(1, 0, 1).fillInPlace(14);                                          // p = 1 / (1 + 1023 e⁻¹⁴) = 0.99915
    double p = 1 / (1 + 1023 * Math.exp(-14));
    var rows = TokenPass.forward(z, t);
    assertThat(rows.logProbs().toDoubles()[3]).isCloseTo(Math.log(p), within(1e-6));
    TokenPass.gradient(z, t, rows.lse(), Ops.full(-1, DType.F32, Device.CPU, 16), null, Ops.ones(DType.F32, Device.CPU, 16),
        Double.POSITIVE_INFINITY);
    assertThat(z.select(0, 3).toDoubles()[0]).isCloseTo(p - 1, within(5e-6));
  }

  @ParameterizedTest @MethodSource("types") void attentionsSoftmax(DType type) {
    Tensor late = Ops.arange(0, 77, Device.CPU).view(1, 1, 77).gt(Ops.arange(0, 20, Device.CPU).add(40).view(1, 20, 1));
    Tensor bias = Ops.zeros(DType.F32, Device.CPU, 2, 20, 77).maskedFill(late, -1e30);
    for (var mask : new Mask[] {new Mask(2, 57, null), new Mask(2, -1, bias.to(type)), new Mask(2, -1, bias.narrow(0, 0, 1))}) {
      for (double cap : new double[] {Double.POSITIVE_INFINITY, 3}) {
        softmax(type, mask, cap);
      }
    }
  }

  private static void softmax(DType type, Mask mask, double cap) {
    Tensor s = normal(1, DType.F32, 6, 40, 77).mul(3);
    Tensor exactS = s.to(DType.F64);
    Tensor exact = Ops.empty(DType.F64, Device.CPU, 6, 40, 77);
    SoftmaxPass.plain(exactS, exact, mask, cap);
    boolean capped = Double.isFinite(cap);
    Tensor p = type == DType.F32 && !capped ? s : Ops.empty(type, Device.CPU, s.shape());
    SoftmaxPass.forward(s, p, mask, cap);
    assertThat(distance(p, exact)).isLessThan(rounding(type));
    if (mask.bias() == null) {
      assertThat(p.select(0, 5).select(0, 3).toFloats()[58]).as("time 1 sees 58 keys").isZero();
      assertThat(p.select(0, 5).select(0, 3).toFloats()[57]).isPositive();
    }
    Tensor dp = normal(2, DType.F32, 6, 40, 77);
    Tensor tanh = capped ? s : null;
    Tensor exactDs = Ops.emptyLike(exact);
    SoftmaxPass.backward(dp.to(DType.F64), p.to(DType.F64), tanh == null ? null : exactS, exactDs);
    Tensor ds = type == DType.F32 ? dp : Ops.empty(type, Device.CPU, dp.shape());
    SoftmaxPass.backward(dp, p, tanh, ds);
    assertThat(distance(ds, exactDs)).isLessThan(rounding(type) * 1.5);
  }

  @ParameterizedTest @MethodSource("types") void rotation(DType type) {
    var heads = new RotaryPass.Heads(2, 3, 32, 0.3);
    Tensor all = normal(1, type, 2, 19, 2 * 3 * 32 + 4 * 32);
    Tensor angle = normal(2, DType.F32, 2, 19, 16);
    for (var angles : new RotaryPass.@Nullable Angles[] {null, new RotaryPass.Angles(angle.cos(), angle.sin()),
        new RotaryPass.Angles(angle.narrow(0, 0, 1).cos(), angle.narrow(0, 0, 1).sin())}) {
      var exact = RotaryPass.split(all.to(DType.F64), heads, angles, DType.F64, DType.F64);
      var parts = RotaryPass.split(all, heads, angles, DType.F32, type);
      assertThat(distance(parts.q(), exact.q())).isLessThan(1e-6);
      assertThat(distance(parts.k(), exact.k())).isLessThan(1e-6);
      assertThat(parts.v().toFloats()).isEqualTo(exact.v().to(DType.F32).toFloats());
      var unit = new RotaryPass.Heads(2, 3, 32, 1);
      var turned = RotaryPass.split(all, unit, angles, DType.F32, type);
      assertThat(distance(RotaryPass.join(turned, unit, angles, DType.F32), all)).as("back again").isLessThan(1e-6);
      assertThat(distance(RotaryPass.join(parts, heads, angles, type),
          RotaryPass.join(exact, heads, angles, DType.F64))).isLessThan(rounding(type));
    }
  }

  @ParameterizedTest @MethodSource("types") void theSameBitsAgainAndAgain(DType type) {
    Tensor x = normal(1, DType.F32, 512, 256);
    Tensor w = normal(2, DType.F32, 256);
    Tensor dy = normal(3, type, 512, 256);
    Supplier<float[]> run = () -> {
      Tensor ds = Ops.zeros(DType.F32, Device.CPU, 256);
      var n = RmsNormPass.forward(x, w, 1e-5, false, type);
      Tensor dx = RmsNormPass.backward(dy, x, n.r(), w, null, ds);
      try (var _ = Grad.off()) {
        return Ops.cat(0, Objects.requireNonNull(dx).view(-1), ds, n.y().to(DType.F32).view(-1)).toFloats();
      }
    };
    float[] first = run.get();
    for (int i = 0; i < 60; i++) {
      assertThat(Arrays.equals(run.get(), first)).isTrue();
    }
  }

  @ParameterizedTest @MethodSource("types") void divergences(DType type) {
    for (int V : new int[] {96, 101}) {
      Tensor z = normal(1, type, 120, V).mul(3).to(type);
      Tensor u = normal(2, type, 120, V + 7).mul(3).to(type);
      Tensor w = Rng.of(3).uniform(0, 1, DType.F32, Device.CPU, 120);
      for (double beta : new double[] {0, 0.3, 0.9, 1}) {
        var how = new DivergencePass.How(beta, beta == 0 && V == 96, 1.5);
        Tensor exact = z.to(DType.F64);
        Tensor values = DivergencePass.gradient(exact, u.to(DType.F64), how, w.to(DType.F64), 9);
        Tensor fused = z.copy();
        assertThat(distance(DivergencePass.gradient(fused, u, how, w, 9), values)).as("beta %s", beta).isLessThan(2e-6);
        assertThat(distance(fused, exact)).as("beta %s", beta).isLessThan(type == DType.BF16 ? 2.5e-3 : 2e-6);
        assertThat(distance(DivergencePass.values(z, u, how), values)).as("beta %s", beta).isLessThan(2e-6);
        Tensor wide = Ops.cat(1, z, normal(4, type, 120, 11));
        DivergencePass.gradient(wide, u.narrow(1, 0, V).contiguous(), how, w, 9);
        assertThat(wide.narrow(1, 0, V).contiguous().view(-1).toFloats()).isEqualTo(fused.view(-1).toFloats());
        assertThat(wide.narrow(1, V, 11).abs().max().item()).isZero();
      }
    }
  }

  @Test void divergencesOfEqualsAreNothing() {
    Tensor z = normal(1, DType.F32, 100, 101).mul(4);
    for (double beta : new double[] {0, 0.5, 1}) {
      Tensor d = z.copy();
      Tensor values = DivergencePass.gradient(d, z, new DivergencePass.How(beta, false, 1), Ops.ones(DType.F32, Device.CPU, 100), Double.POSITIVE_INFINITY);
      assertThat(values.abs().max().item()).isZero();
      assertThat(d.abs().max().item()).isZero();
    }
  }
}
