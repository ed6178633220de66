package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import org.jtorch.adapter.Small.Way;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Families;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LoraTest {
  private static final String Q = Lora.PREFIX + "model.layers.1.self_attn.q_proj.lora_";
  private static final LoraConfig ALL = LoraConfig.of(4, 8, new Targets.AllLinear());

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void freshAdaptersChangeNothingInAnyFamily() {
    for (var family : Families.all()) {
      var preset = family.presets().entrySet().stream().filter(e -> e.getKey().endsWith("-tiny")).findFirst().orElseThrow();
      try (var _ = TensorScope.open(); var _ = Grad.off();
           var model = Decoder.create(preset.getValue(), Device.CPU, DType.F32, Rng.of(1))) {
        var ids = Ops.of(new long[] {1, 2, 3, 4}, Device.CPU, 1, 4);
        double[] before = model.apply(ids, Pass.EMPTY).toDoubles();
        try (var lora = Lora.apply(model, ALL, Rng.of(2))) {
          assertThat(lora.parameters()).as(preset.getKey()).hasSizeGreaterThan(7);
          assertThat(Small.distance(model.apply(ids, Pass.EMPTY).toDoubles(), before)).as(preset.getKey()).isLessThan(1e-6);
        }
      }
    }
  }

  @ParameterizedTest @EnumSource(Way.class) void onlyAdaptersHaveGradientsAndOnlyBAtFirst(Way way) {
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, ALL, Rng.of(2))) {
      var gradients = Small.gradients(model, lora, way);
      assertThat(gradients.keySet()).isEqualTo(lora.weights().keySet()).hasSize(2 * 2 * 7);
      gradients.forEach((name, g) -> {
        double largest = java.util.Arrays.stream(g).map(Math::abs).max().orElse(0);
        if (name.contains("lora_A")) {
          assertThat(largest).as(name).isZero();                      // B is zero
        } else {
          assertThat(largest).as(name).isGreaterThan(1e-6);
        }
      });
      assertThat(Small.gradients(model, model, way)).isEmpty();
    }
  }

  @Test void theFirstStepMovesBOnly() {
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, ALL, Rng.of(2))) {
      var base = Small.values(model);
      var before = Small.values(lora);
      double first = Small.step(model, lora, 0.1);
      Small.values(lora).forEach((name, now) -> assertThat(Small.distance(now, before.get(name)) > 0).as(name)
          .isEqualTo(name.contains("lora_B")));
      double last = first;
      for (int i = 0; i < 20; i++) {
        last = Small.step(model, lora, 0.1);
      }
      assertThat(last).isLessThan(0.9 * first);
      assertThat(Small.distance(Small.values(model), base)).isZero();
      assertThat(Small.distance(Small.values(lora), before)).isPositive();
    }
  }

  @ParameterizedTest @EnumSource(Way.class) void gradientsAreThoseOfFiniteDifferences(Way way) {
    for (var config : List.of(ALL, ALL.withRsLora(), LoraConfig.of(2, 2, "k_proj", "up_proj"), ALL.withDora())) {
      try (var model = Small.model(DType.F64); var lora = Lora.apply(model, config.withStart(LoraConfig.Start.RANDOM), Rng.of(2))) {
        var gradients = Small.gradients(model, lora, way);
        for (var w : lora.weights().values()) {
          if (config.dora() && !w.name().endsWith("vector")) {
            continue;                                                 // the row lengths are constants for A and B
          }
          double slope = slope(model, w);
          assertThat(Objects.requireNonNull(gradients.get(w.name()))[1]).as(w.name()).isCloseTo(slope, within(1e-6));
        }
      }
    }
  }

  private static double slope(Decoder model, org.jtorch.nn.Weight w) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var one = w.view().view(-1).narrow(0, 1, 1);
      double h = 1e-5;
      one.addInPlace(Ops.full(h, DType.F64, Device.CPU, 1));
      double up = Small.loss(model, Pass.EMPTY).item();
      one.addInPlace(Ops.full(-2 * h, DType.F64, Device.CPU, 1));
      double down = Small.loss(model, Pass.EMPTY).item();
      one.addInPlace(Ops.full(h, DType.F64, Device.CPU, 1));
      return (up - down) / (2 * h);
    }
  }

  @Test void countsAreThoseOfThePaper() {
    try (var model = Small.model(DType.F32);
         var lora = Lora.apply(model, LoraConfig.of(3, 6, "q_proj", "v_proj", "down_proj"), Rng.of(2))) {
      assertThat(lora.parameterCount()).isEqualTo(2 * 3 * ((16 + 16) + (16 + 8) + (32 + 16)));
    }
  }

  @ParameterizedTest @CsvSource({"F32, 1e-5", "F64, 1e-12"})
  void mergedEqualsUnmergedAndUnmergingRestoresEveryBit(DType type, double tolerance) {
    for (var config : List.of(ALL, ALL.withRsLora(), ALL.withDora(), LoraConfig.of(2, 4, "v_proj", "gate_proj"))) {
      try (var model = Small.model(type);
           var lora = Lora.apply(model, config.withStart(LoraConfig.Start.RANDOM), Rng.of(2)); var _ = TensorScope.open()) {
        var base = Small.values(model);
        double[] off = Small.logits(model, false);
        double[] unmerged = Small.logits(model, true);
        assertThat(Small.distance(off, unmerged)).isGreaterThan(1e-2);
        var report = lora.merge(model, Small.ids());
        assertThat(report.logitChange()).isLessThan(tolerance);
        assertThat(Small.distance(Small.logits(model, true), unmerged)).isCloseTo(report.logitChange(), within(1e-12));
        assertThat(report.weights()).hasSize(lora.weights().size() / (config.dora() ? 3 : 2)).allMatch(w -> w.change() > 0);
        assertThat(report.toString()).contains("merged " + report.weights().size() + " weights");
        assertThatIllegalStateException().isThrownBy(() -> lora.merge(model, Small.ids())).withMessageContaining("unmerge");
        lora.unmerge();
        assertThat(Small.distance(Small.values(model), base)).isZero();
        assertThat(Small.distance(Small.logits(model, true), unmerged)).isZero();
      }
    }
  }

  @Test void mergingIntoHalfPrecisionRoundsOnce() {
    try (var model = Small.model(DType.BF16);
         var lora = Lora.apply(model, ALL.withStart(LoraConfig.Start.RANDOM), Rng.of(2)); var _ = TensorScope.open(); var _ = Grad.off()) {
      String name = "model.layers.0.mlp.down_proj";
      var w = Objects.requireNonNull(model.weights().get(name + ".weight")).view();
      var a = Objects.requireNonNull(lora.weights().get(Lora.PREFIX + name + ".lora_A.weight")).view();
      var b = Objects.requireNonNull(lora.weights().get(Lora.PREFIX + name + ".lora_B.weight")).view();
      assertThat(a.dtype()).isEqualTo(DType.F32);
      double[] expected = w.to(DType.F32).add(b.matmul(a).mul(2)).to(DType.BF16).to(DType.F32).toDoubles();
      var report = lora.merge(model, Small.ids());
      assertThat(w.to(DType.F32).toDoubles()).isEqualTo(expected);
      assertThat(report.rounding()).isBetween(1e-5, 1e-2);
      lora.keepMerged();
      assertThat(w.to(DType.F32).toDoubles()).isEqualTo(expected);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void theReferenceIsTheModelWithoutItsAdapters() {
    try (var model = Small.model(DType.F32)) {
      double[] base = Small.logits(model, true);
      try (var _ = Lora.apply(model, ALL.withStart(LoraConfig.Start.RANDOM), Rng.of(2))) {
        assertThat(Small.distance(Small.logits(model, false), base)).isZero();
        assertThat(Small.distance(Small.logits(model, true), base)).isGreaterThan(1e-2);
        assertThatIllegalStateException().isThrownBy(() -> Lora.apply(model, ALL, Rng.of(1)).close())
            .withMessageContaining("has an adapter already");
      }
      assertThat(Small.distance(Small.logits(model, true), base)).isZero();
    }
  }

  @Test void dropoutIsTheSameWhenABlockIsComputedAgainAndOffWithoutGradients() {
    var config = ALL.withStart(LoraConfig.Start.RANDOM).withDropout(0.5);
    try (var model = Small.model(DType.F32)) {
      var first = new LinkedHashMap<Way, java.util.Map<String, double[]>>();
      for (var way : Way.values()) {
        try (var lora = Lora.apply(model, config, Rng.of(2))) {
          first.put(way, Small.gradients(model, lora, way));
          var second = Small.gradients(model, lora, way);
          assertThat(Small.distance(Objects.requireNonNull(first.get(way)), second)).as("another mask each time").isGreaterThan(1e-4);
          assertThat(Small.distance(Small.logits(model, true), Small.logits(model, true))).isZero();
        }
      }
      var expected = Objects.requireNonNull(first.get(Way.AUTOGRAD));
      assertThat(Small.distance(expected, Objects.requireNonNull(first.get(Way.TAPE)))).isLessThan(1e-4);
      assertThat(Small.distance(expected, Objects.requireNonNull(first.get(Way.CHECKPOINTED)))).isLessThan(1e-4);
    }
  }

  @Test void patternsChooseRanksAndScales() {
    var ranks = new LinkedHashMap<String, Integer>();
    ranks.put("layers\\.1\\.self_attn\\.q_proj", 2);
    var alphas = new LinkedHashMap<String, Double>();
    alphas.put("v_proj", 32.0);
    var config = LoraConfig.of(4, 8, "q_proj", "v_proj").withPatterns(ranks, alphas);
    assertThat(config.scale("model.layers.0.self_attn.q_proj")).isEqualTo(2);
    assertThat(config.scale("model.layers.1.self_attn.q_proj")).isEqualTo(4);
    assertThat(config.withRsLora().scale("model.layers.1.self_attn.v_proj")).isEqualTo(16);
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(2))) {
      assertThat(Objects.requireNonNull(lora.weights().get(Q + "A.weight")).shape()).containsExactly(2, 16);
      assertThat(Objects.requireNonNull(lora.weights().get(Q.replace("s.1", "s.0") + "A.weight")).shape()).containsExactly(4, 16);
    }
  }

  @Test void targetsMatchAsInPeft() {
    var first = new Targets.Named(List.of("q_proj", "lm_head"), List.of(1, 12), List.of());
    assertThat(first.matches("model.layers.1.self_attn.q_proj")).isTrue();
    assertThat(first.matches("model.layers.12.self_attn.q_proj")).isTrue();
    assertThat(first.matches("model.layers.2.self_attn.q_proj")).isFalse();
    assertThat(first.matches("model.layers.1.self_attn.my_q_proj")).isFalse();
    assertThat(first.matches("lm_head")).isTrue();                              // an exact name needs no layer
    var blocks = new Targets.Named(List.of("q_proj"), List.of(1), List.of("h", "blocks"));
    assertThat(blocks.matches("model.blocks.1.self_attn.q_proj")).isTrue();
    assertThat(blocks.matches("model.layers.1.self_attn.q_proj")).isFalse();
    assertThat(new Targets.Regex(".*\\.(q|v)_proj").matches("model.layers.1.self_attn.v_proj")).isTrue();
    assertThat(new Targets.Regex("v_proj").matches("model.layers.1.self_attn.v_proj")).isFalse();   // the whole name
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void mistakesAreNamed() {
    assertThatIllegalArgumentException().isThrownBy(() -> LoraConfig.of(0, 8, "q_proj")).withMessageContaining("`r`");
    assertThatIllegalArgumentException().isThrownBy(() -> ALL.withDropout(1)).withMessageContaining("`lora_dropout`");
    try (var model = Small.model(DType.F32)) {
      assertThatIllegalArgumentException().isThrownBy(() -> Lora.apply(model, LoraConfig.of(4, 8, "q_proj", "qkv"), Rng.of(1)).close())
          .withMessageContaining("[qkv]").withMessageContaining("q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj");
      assertThatIllegalArgumentException().isThrownBy(() -> Lora.apply(model, LoraConfig.of(4, 8, "lm_head"), Rng.of(1)).close())
          .withMessageContaining("head");
    }
  }
}
