package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Objects;
import org.jtorch.adapter.Small.Way;
import org.jtorch.nn.Frozen;
import org.jtorch.nn.Linear;
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

/// What an adapter does besides adding `B A x`: dropout under DoRA, passes without it, and what is refused.
class LoraModesTest {
  private static final LoraConfig ALL = LoraConfig.of(4, 8, new Targets.AllLinear()).withStart(LoraConfig.Start.RANDOM);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// PEFT: `W x + (r − 1) W d + r s B A d` with d the dropped x and r the magnitude over the length of the rows.
  @Test void doraWithDropoutComputesWhatPeftDoes() {
    var config = LoraConfig.of(4, 8, "o_proj").withStart(LoraConfig.Start.RANDOM).withDropout(0.5).withDora();
    try (var model = Small.model(DType.F64); var lora = Lora.apply(model, config, Rng.of(2)); var _ = TensorScope.open()) {
      var found = new LinkedHashMap<String, Linear>();
      model.forEachModule((path, m) -> {
        if (m instanceof Linear l) {
          found.put(path, l);
        }
      });
      String name = "model.layers.0.self_attn.o_proj";
      var w = Objects.requireNonNull(model.weights().get(name + ".weight")).view();
      var a = Objects.requireNonNull(lora.weights().get(Lora.PREFIX + name + ".lora_A.weight")).view();
      var b = Objects.requireNonNull(lora.weights().get(Lora.PREFIX + name + ".lora_B.weight")).view();
      var m = Objects.requireNonNull(lora.weights().get(Lora.PREFIX + name + ".lora_magnitude_vector")).view();
      Tensor x = Rng.of(7).normal(0, 1, DType.F64, Device.CPU, 3, 16);
      Tensor d = new Dropout(0.5, Rng.of(2), 2).apply(x, 0, Pass.EMPTY);
      assertThat(Small.distance(d.toDoubles(), x.toDoubles())).isPositive();
      Tensor r = m.div(Ops.norm(w.add(b.matmul(a).mul(2)), -1, false));
      Tensor expected = x.matmul(w.t()).add(d.matmul(w.t()).mul(r.sub(1))).add(d.matmul(a.t()).matmul(b.t()).mul(2).mul(r));
      Tensor y = Objects.requireNonNull(found.get(name)).apply(x, Pass.EMPTY);
      assertThat(Small.distance(y.detach().toDoubles(), expected.detach().toDoubles())).isLessThan(1e-12);
    }
  }

  /// In bf16 the products run in bf16 on float32 parameters, as under PyTorch's autocast: gradients stay float32 and close.
  @Test void inBf16GradientsAreNearThoseOfFloat32() {
    var near = new LinkedHashMap<String, double[]>();
    var precise = new LinkedHashMap<String, double[]>();
    for (var type : new DType[] {DType.BF16, DType.F32}) {
      try (var model = Small.model(type)) {
        if (type == DType.F32) {
          try (var _ = TensorScope.open(); var _ = Grad.off()) {                  // the same weights
            model.parameters().forEach(p -> p.tensor().copyInPlace(p.tensor().to(DType.BF16)));
          }
        }
        try (var lora = Lora.apply(model, LoraConfig.of(4, 6, "q_proj", "v_proj", "up_proj").withStart(LoraConfig.Start.RANDOM), Rng.of(2))) {
          assertThat(lora.parameters()).allMatch(p -> p.tensor().dtype() == DType.F32);
          (type == DType.BF16 ? near : precise).putAll(Small.gradients(model, lora, Way.TAPE));
        }
      }
    }
    assertThat(near).hasSize(2 * 3 * 2);
    for (var name : precise.keySet()) {
      double[] expected = Objects.requireNonNull(precise.get(name));
      double[] found = Objects.requireNonNull(near.get(name));
      double gap = 0;
      double size = 0;
      for (int i = 0; i < expected.length; i++) {
        gap += Math.pow(found[i] - expected[i], 2);
        size += Math.pow(expected[i], 2);
      }
      assertThat(Math.sqrt(gap / size)).as(name).isPositive().isLessThan(0.05);
    }
  }

  /// Passes that share a [Frozen] stack A and B once; each other pass takes them as they are then.
  @Test void whatAGenerationKeepsChangesNoNumber() {
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, ALL, Rng.of(2)); var _ = TensorScope.open(); var _ = Grad.off()) {
      double[] expected = model.apply(Small.ids(), Pass.EMPTY).toDoubles();
      try (var frozen = new Frozen(0)) {
        var pass = Pass.EMPTY.withFrozen(frozen);
        assertThat(model.apply(Small.ids(), pass).toDoubles()).isEqualTo(expected);
        lora.parameters().forEach(p -> p.tensor().mulInPlace(2));
        assertThat(model.apply(Small.ids(), pass).toDoubles()).as("what was kept").isEqualTo(expected);
      }
      assertThat(model.apply(Small.ids(), Pass.EMPTY).toDoubles()).isNotEqualTo(expected);
    }
  }

  @Test void doraWithDropoutHasTheSameGradientsInEveryWay() {
    var expected = new LinkedHashMap<String, double[]>();
    for (var way : Way.values()) {
      try (var model = Small.model(DType.F64); var lora = Lora.apply(model, ALL.withDora().withDropout(0.3), Rng.of(2))) {
        var gradients = Small.gradients(model, lora, way);
        expected.putAll(expected.isEmpty() ? gradients : new LinkedHashMap<>());
        assertThat(Small.distance(expected, gradients)).as("%s", way).isLessThan(1e-9);
      }
    }
    assertThat(expected).hasSize(2 * 7 * 3);
  }

  /// Four steps in one go, and two, a save, two more with everything made anew: the same bits.
  @Test void dropoutGoesOnAfterAResumption() {
    var config = ALL.withDropout(0.4);
    var atOnce = new ArrayList<Double>();
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(2))) {
      for (int i = 0; i < 4; i++) {
        atOnce.add(Small.step(model, lora, 0.05));
      }
    }
    var resumed = new ArrayList<Double>();
    LinkedHashMap<String, double[]> weights;
    long[] state;
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(2)); var _ = TensorScope.open()) {
      resumed.add(Small.step(model, lora, 0.05));
      Small.logits(model, true);                                          // validation draws nothing
      resumed.add(Small.step(model, lora, 0.05));
      weights = new LinkedHashMap<>(Small.values(lora));
      state = lora.random().state().toLongs();
      assertThat(state).containsExactly(2, 2);
    }
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(77)); var _ = TensorScope.open()) {
      try (var _ = Grad.off()) {
        lora.weights().forEach((name, w) -> {
          var values = Objects.requireNonNull(weights.get(name));
          for (int i = 0; i < values.length; i++) {
            w.view().reshape(-1).select(0, i).fillInPlace(values[i]);
          }
        });
      }
      lora.random().restore(Tensor.of(state));
      resumed.add(Small.step(model, lora, 0.05));
      resumed.add(Small.step(model, lora, 0.05));
      assertThatIllegalArgumentException().isThrownBy(() -> lora.random().restore(Tensor.of(1f, 2)))
          .withMessageContaining("seed and counter");
    }
    assertThat(resumed).isEqualTo(atOnce);
    assertThat(atOnce).doesNotHaveDuplicates();
  }

  @Test void aMergedModelHasNoReference() {
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, ALL, Rng.of(2)); var _ = TensorScope.open()) {
      double[] before = Small.logits(model, false);
      var _ = lora.merge(model, Small.ids());
      assertThatIllegalStateException().isThrownBy(() -> Small.logits(model, false)).withMessageContaining("merged")
          .withMessageContaining("unmerge()");
      lora.unmerge();
      assertThat(Small.logits(model, false)).isEqualTo(before);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // it is closed
  @Test void aClosedAdapterCannotBeMerged() {
    try (var model = Small.model(DType.F32); var _ = TensorScope.open()) {
      var lora = Lora.apply(model, ALL, Rng.of(2));
      lora.close();
      assertThatIllegalStateException().isThrownBy(() -> lora.merge(model, Small.ids())).withMessageContaining("closed");
    }
  }

  @Test void virtualTokensNeedTheirEmbeddings() {
    try (var model = Small.model(DType.F32); var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids;
      try (var tokens = VirtualTokens.promptTuning(model, 3, Rng.of(4))) {
        ids = tokens.prepend(Small.ids());
        assertThat(model.apply(ids, Pass.EMPTY).size(1)).isEqualTo(3 + 9);
        assertThatIllegalArgumentException().isThrownBy(() -> model.apply(ids, Pass.EMPTY.withAdapters(false)))
            .withMessageContaining("the id 33").withMessageContaining("0 to 30").withMessageContaining("without adapters");
      }
      assertThatIllegalArgumentException().isThrownBy(() -> model.apply(ids, Pass.EMPTY)).withMessageContaining("closed");
      assertThat(model.apply(Small.ids(), Pass.EMPTY).size(1)).isEqualTo(9);
    }
  }
}
