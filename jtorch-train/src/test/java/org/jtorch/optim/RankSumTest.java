package org.jtorch.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jtorch.nn.Parameter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Together;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Gradients over ranks: of every type, strided ones, and those that only some ranks have.
class RankSumTest {
  private record Seen(double norm, double[] both, double[] one, double[] none) {}

  private static Tensor full(double value, DType dtype, Parameter p) {
    return Ops.full(value, dtype, Device.CPU, p.shape());
  }

  private static Seen step(Ranks ranks, DType dtype) {
    try (var _ = TensorScope.open(); var a = TestModels.linear(dtype, 2, 3); var b = TestModels.linear(dtype, 3, 2);
        var c = TestModels.linear(dtype, 2, 2)) {
      var all = Stream.of(a, b, c).map(m -> m.weight()).toList();
      all.forEach(p -> p.tensor().detach().fillInPlace(1));
      return step(ranks, dtype, all);
    }
  }

  private static Seen step(Ranks ranks, DType dtype, List<Parameter> all) {
    try (var sgd = Sgd.over(all, 0.5, Sgd.Options.PLAIN)) {
      all.getFirst().tensor().setGrad(Ops.full(ranks.rank() + 1, dtype, Device.CPU, 2, 3).t());       // strided
      if (ranks.rank() == 1) {
        all.get(1).tensor().setGrad(full(4, dtype, all.get(1)));
      }
      sgd.sum(ranks);
      double norm = sgd.gradNorm();
      sgd.step(0.125);
      return new Seen(norm, TestModels.values(all.get(0).tensor()), TestModels.values(all.get(1).tensor()),
          TestModels.values(all.get(2).tensor()));
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16", "F16", "F64"}) void everyRankHasTheWholeGradient(DType dtype) throws Exception {
    for (var seen : Together.run(2, ranks -> step(ranks, dtype))) {
      assertThat(seen.norm).isCloseTo(Math.sqrt(6 * 9 + 6 * 16), within(1e-5));
      assertThat(seen.both).as("1 - 0.125 (1 + 2 + 0.5)").containsOnly(0.5625);
      assertThat(seen.one).as("1 - 0.125 (4 + 0.5)").containsOnly(0.4375);
      assertThat(seen.none).as("no rank has a gradient: no decay either").containsOnly(1);
    }
  }

  /// 1 + 2^-8 is no bf16 number: a sum rounded to bf16 would lose it.
  @Test void halfPrecisionIsSummedInFloat32() throws Exception {
    var norms = Together.run(2, ranks -> {
      try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 1, 1);
          var adam = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
        model.weight().tensor().setGrad(full(ranks.rank() == 0 ? 1 : 1.0 / 256, DType.BF16, model.weight()));
        adam.sum(ranks);
        return adam.gradNorm();
      }
    });
    assertThat(norms).isEqualTo(List.of(1 + 1.0 / 256, 1 + 1.0 / 256));
  }

  @Test void aloneNothingChanges() {
    try (var _ = TensorScope.open(); var model = TestModels.linear(DType.BF16, 2, 2);
        var adam = AdamW.over(model.parameters(), 0, AdamW.Options.DEFAULT)) {
      model.weight().tensor().setGrad(full(3, DType.BF16, model.weight()));
      adam.sum(Ranks.ALONE);
      var gradient = Objects.requireNonNull(model.weight().grad());
      assertThat(gradient.dtype()).isEqualTo(DType.BF16);
      assertThat(TestModels.values(gradient)).containsOnly(3);
    }
  }
}
