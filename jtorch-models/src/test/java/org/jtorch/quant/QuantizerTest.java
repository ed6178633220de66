package org.jtorch.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Small;
import org.jtorch.adapter.Small.Way;
import org.jtorch.adapter.Targets;
import org.jtorch.decoder.Decoder;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class QuantizerTest {
  private static final List<QuantConfig> ALL = List.of(QuantConfig.NF4, new QuantConfig.NormalFloat(64, true), QuantConfig.AFM);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// A weight of values that 64 does not divide evenly.
  private static Tensor weight() {
    return Rng.of(4).normal(0, 0.3, DType.F32, Device.CPU, 40, 22);
  }

  @Test void nf4IsTheCodeBookTimesTheLargestOfTheBlock() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor table = Tensor.of(NormalFloatCodes.TABLE);
      double[] exact = QuantConfig.NF4.encode(Ops.cat(0, table, table, table, table).mul(-3).view(8, 8)).weight().toDoubles();
      assertThat(exact[0]).isEqualTo(3);                                  // −1 · −3: the table has no −0.08 for its 0.08
      assertThat(exact[7]).isZero();
      assertThat(exact[15]).isEqualTo(-3);
      double[] same = QuantConfig.NF4.encode(Ops.cat(0, table, table, table, table).mul(3).view(8, 8)).weight().div(3).toDoubles();
      assertThat(Small.distance(same, Ops.cat(0, table, table, table, table).toDoubles())).isLessThan(1e-7);
      assertThat(QuantConfig.NF4.encode(Ops.zeros(DType.F32, Device.CPU, 4, 64)).weight().toDoubles()).containsOnly(0);
    }
  }

  @Test void nf4ErrorsStayWithinHalfAStep() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] w = weight().toDoubles();
      double[] back = QuantConfig.NF4.encode(weight()).weight().toDoubles();
      double[] rough = new QuantConfig.NormalFloat(64, true).encode(weight()).weight().toDoubles();
      for (int i = 0; i < w.length; i++) {
        int from = i / 64 * 64;
        double scale = Arrays.stream(w, from, Math.min(w.length, from + 64)).map(Math::abs).max().orElseThrow();
        double nearest = Double.POSITIVE_INFINITY;
        for (float code : NormalFloatCodes.TABLE) {
          nearest = Math.min(nearest, Math.abs(code * scale - w[i]));
        }
        assertThat(Math.abs(back[i] - w[i])).isLessThanOrEqualTo(nearest + 1e-6).isLessThanOrEqualTo(0.152 * scale + 1e-6);
        assertThat(Math.abs(rough[i] - w[i])).isLessThanOrEqualTo(0.16 * scale + 0.01);
      }
    }
  }

  @Test void everyValueOfALookUpTableIsTheNearestOfSixteen() {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] w = weight().toDoubles();
      double[] back = QuantConfig.AFM.encode(weight()).weight().toDoubles();
      for (int row = 0; row < 40; row += 16) {
        int from = row * 22;
        int to = Math.min(40, row + 16) * 22;
        var table = new TreeSet<Double>();
        Arrays.stream(back, from, to).forEach(table::add);
        assertThat(table).hasSizeBetween(10, 16);
        for (int i = from; i < to; i++) {
          double value = w[i];
          double nearest = table.stream().mapToDouble(c -> Math.abs(c - value)).min().orElseThrow();
          assertThat(Math.abs(back[i] - value)).isLessThanOrEqualTo(nearest + 1e-7);
        }
      }
      double lut = Ops.norm(QuantConfig.AFM.encode(weight()).weight().sub(weight())).item();
      double nf4 = Ops.norm(QuantConfig.NF4.encode(weight()).weight().sub(weight())).item();
      assertThat(lut / Ops.norm(weight()).item()).isBetween(0.01, 0.12);
      assertThat(nf4 / Ops.norm(weight()).item()).isBetween(0.01, 0.12);
    }
  }

  @Test void kMeansFindsClustersAndEachMeanIsThatOfItsValues() {
    assertThat(KMeans.means(new float[] {-5, -5, -4, 1, 1, 2, 9}, 3)).containsExactly(-14f / 3, 4f / 3, 9);
    assertThat(KMeans.means(new float[] {1, 1, 1, 1}, 2)).containsExactly(1, 1);
  }

  @Test void memoryFallsToAboutFourAndAHalfBitsAndTheOriginalIsGone() {
    var expected = List.of(4.6, 4.3, 5.2);                              // tables weigh more in 16 columns than in 4096
    for (int i = 0; i < ALL.size(); i++) {
      try (var model = Decoder.create(org.jtorch.family.Llama.TINY, Device.CPU, DType.F32, Rng.of(1))) {
        var report = Quantizer.apply(model, ALL.get(i));
        assertThat(report.products()).hasSize(4 * 4);
        assertThat(report.bitsPerWeight()).isBetween(4.0, expected.get(i));
        assertThat(report.products()).allMatch(p -> p.bytesBefore() == 4 * p.elements() && p.relativeError() < 0.12);
        var gone = Objects.requireNonNull(model.weights().get("model.layers.0.mlp.up_proj.weight"));
        assertThat(gone.parameter().isGivenUp()).isTrue();
        assertThatIllegalStateException().isThrownBy(gone::view).withMessageContaining("quantized");
        assertThat(model.head().isGivenUp()).isFalse();
      }
    }
  }

  @Test void aQuantizedModelComputesWithTheDecodedWeights() {
    for (var config : ALL) {
      try (var model = Small.model(DType.F32); var plain = Small.model(DType.F32)) {
        Quantizer.apply(model, config);
        assertThat(Small.distance(Small.logits(model, true), Small.logits(plain, true))).as("the codes are used").isGreaterThan(1e-2);
        model.forEachModule((path, m) -> {
          if (m instanceof org.jtorch.nn.Linear l && l.product() != null) {
            try (var _ = TensorScope.open(); var _ = Grad.off()) {
              var w = Objects.requireNonNull(l.product()).weight();
              l.weight().parts().forEach(part -> Objects.requireNonNull(plain.weights().get(
                  (part.name().isEmpty() ? path : path + "." + part.name()) + ".weight")).view()
                  .copyInPlace(w.narrow(0, part.start(), part.rows())));
            }
          }
        });
        assertThat(Small.distance(Small.logits(model, true), Small.logits(plain, true))).isLessThan(1e-4);
      }
    }
  }

  @Test void adaptersOnAQuantizedModelHaveTheSameGradientsInEveryWay() {
    for (boolean dora : new boolean[] {false, true}) {
      var config = LoraConfig.of(4, 8, new Targets.AllLinear()).withStart(LoraConfig.Start.RANDOM);
      try (var model = Small.model(DType.F32)) {
        Quantizer.apply(model, QuantConfig.NF4);
        try (var lora = Lora.apply(model, dora ? config.withDora() : config, Rng.of(2))) {
          var expected = Small.gradients(model, lora, Way.AUTOGRAD);
          assertThat(expected).hasSize(2 * 7 * (dora ? 3 : 2));
          assertThat(Small.distance(expected, Small.gradients(model, lora, Way.TAPE))).isLessThan(1e-4);
          assertThat(Small.distance(expected, Small.gradients(model, lora, Way.CHECKPOINTED))).isLessThan(1e-4);
          try (var _ = TensorScope.open()) {
            assertThatIllegalStateException().isThrownBy(() -> lora.merge(model, Small.ids())).withMessageContaining("quantized");
          }
        }
      }
    }
  }

  @Test void aRecoveryAdapterBringsTheModelBackTowardsTheOriginal() {
    try (var full = Small.model(DType.F32); var model = Small.model(DType.F32)) {
      Quantizer.apply(model, QuantConfig.AFM);
      try (var lora = Lora.apply(model, LoraConfig.of(8, 16, new Targets.AllLinear()), Rng.of(2))) {
        double last = divergence(full, model, lora, 0);
        assertThat(last).isGreaterThan(1e-5);
        double first = last;
        for (int round = 0; round < 4; round++) {
          double now = last;
          for (int i = 0; i < 10; i++) {
            now = divergence(full, model, lora, 0.02);
          }
          assertThat(now).isLessThan(last);                             // strictly, round after round
          last = now;
        }
        assertThat(last).isLessThan(0.7 * first);
      }
    }
  }

  /// KL of the model from the original on some tokens, and a step of gradient descent on it.
  private static double divergence(Decoder full, Decoder model, Lora lora, double rate) {
    double value;
    try (var _ = TensorScope.open()) {
      Tensor q = model.apply(Small.ids(), Pass.EMPTY).logSoftmax(-1);
      Tensor p;
      try (var _ = Grad.off()) {
        p = full.apply(Small.ids(), Pass.EMPTY).logSoftmax(-1);
      }
      Tensor kl = q.exp().mul(q.sub(p)).sum().div(18);
      value = kl.item();
      kl.backward();
    }
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      lora.parameters().forEach(p -> p.tensor().addInPlace(Objects.requireNonNull(p.grad()), -rate));
    }
    lora.zeroGrad();
    return value;
  }

  @Test void expertsAreInFourBitsAndTheRouterIsCounted() {
    var shape = org.jtorch.family.Qwen2Moe.TINY.withVocab(64);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(1))) {
      long matrices = model.weights().values().stream().filter(w -> w.shape().length > 1).mapToLong(w -> Arrays.stream(w.shape())
          .reduce(1, (a, b) -> a * b)).sum() - 64L * shape.dim() * (shape.tied() ? 1 : 2);
      var report = Quantizer.apply(model, QuantConfig.NF4);
      assertThat(report.left()).hasSize(4).allMatch(l -> l.bytes() == 4 * l.elements() && l.name().endsWith(".mlp.gate.weight"));
      assertThat(report.products()).anyMatch(p -> p.names().contains("model.layers.0.mlp.experts.0.gate_proj") && p.names().size() == 32)
          .anyMatch(p -> p.names().contains("model.layers.3.mlp.experts.15.down_proj"));
      assertThat(report.left().stream().mapToLong(QuantReport.Left::elements).sum()
          + report.products().stream().mapToLong(QuantReport.Quantized::elements).sum()).isEqualTo(matrices);
      assertThat(report.bitsPerWeight()).isBetween(4.0, 6.0);
      assertThat(report.toString()).contains("4 weights of ", "stay as they are: model.layers.0.mlp.gate.weight");
    }
  }

  /// Experts in codes are the experts whose weights are what the codes stand for; a router is if it is named.
  @Test void quantizedExpertsComputeWithTheValuesOfTheirCodes() {
    for (var config : List.of(QuantConfig.NF4, QuantConfig.AFM)) {
      try (var model = Small.experts(DType.F32); var twin = Small.experts(DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
        double[] before = Small.logits(model, true);
        Quantizer.apply(model, config, new Targets.Regex(".*\\.(experts\\.\\d+\\.\\w+|gate)"));
        model.forEachModule((path, m) -> m.ownProjections().forEach(p -> {
          var codes = p.product();
          for (int i = 0, row = 0; codes != null && i < p.parts().size(); i++) {
            var part = p.parts().get(i);
            Objects.requireNonNull(twin.weights().get(part.under(path) + ".weight"), path).view()
                .copyInPlace(codes.weight().narrow(0, row, part.rows()));
            row += (int) part.rows();
          }
        }));
        assertThat(Small.distance(Small.logits(model, true), Small.logits(twin, true))).isLessThan(1e-4);
        assertThat(Small.distance(Small.logits(model, true), before)).isGreaterThan(1e-3);
        assertThatIllegalArgumentException()
            .isThrownBy(() -> Quantizer.apply(twin, config, new Targets.Named(List.of("experts.1.gate_proj"), List.of(), List.of())))
            .withMessageContaining("all or none");
      }
    }
  }

  @Test void nothingIsGivenUpIfOneWeightCannotBeQuantized() {
    try (var model = Small.model(DType.F32)) {
      String name = "model.layers.1.mlp.down_proj";
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Objects.requireNonNull(model.weights().get(name + ".weight")).view().select(0, 3).mulInPlace(Double.NaN);
      }
      assertThatThrownBy(() -> Quantizer.apply(model, QuantConfig.NF4)).isInstanceOf(org.jtorch.io.DataException.class)
          .hasMessageContaining(name).hasMessageContaining("not finite");
      assertThat(model.parameters()).noneMatch(p -> p.isGivenUp());
    }
    var rope = new org.jtorch.attention.Rope(10_000, org.jtorch.attention.RopeScaling.NONE);
    var odd = org.jtorch.family.Llama.shape(31, 16, 33, 2, 2, 1, 8, 32, rope, 1e-5, false);
    try (var model = Decoder.create(odd, Device.CPU, DType.F32, Rng.of(1))) {
      assertThatIllegalArgumentException().isThrownBy(() -> Quantizer.apply(model, QuantConfig.AFM))
          .withMessageContaining("model.layers.0.mlp.down_proj").withMessageContaining("33 inputs");
      assertThat(model.parameters()).noneMatch(p -> p.isGivenUp());
    }
  }

  @Test void mistakesAreNamed() {
    try (var model = Small.model(DType.F32)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Quantizer.apply(model, QuantConfig.NF4, new Targets.Regex(".*q_proj")))
          .withMessageContaining("k_proj").withMessageContaining("all or none");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Quantizer.apply(model, QuantConfig.NF4, new Targets.Regex("nothing"))).withMessageContaining("nothing");
      assertThatIllegalArgumentException().isThrownBy(() -> new QuantConfig.NormalFloat(63, false)).withMessageContaining("63");
    }
  }
}
