package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.adapter.Lora;
import org.jtorch.adapter.LoraConfig;
import org.jtorch.adapter.Targets;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.head.Classifiers;
import org.jtorch.head.Labels;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensors;
import org.jtorch.nn.Parameter;
import org.jtorch.nn.Weight;
import org.jtorch.optim.AdamW;
import org.jtorch.optim.Ema;
import org.jtorch.optim.Optimizer;
import org.jtorch.optim.ParameterGroup;
import org.jtorch.optim.ParameterGroups;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Parts of a run find themselves again by name, to the bit.
class SavedTest {
  private static final Progress TWO = new Progress(2, 100, 1.5);
  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static void steps(Decoder model, Optimizer optimizer, int from, int to) {
    var o = Tiny.options(to);                                            // no clipping: the norm's sum has another order
    var options = new TrainOptions(to, 1, o.learningRate(), o.schedule(), 1e9, false, 0, 0, 0, o.spikes());
    var trainer = new Pretrainer(model, optimizer, Tiny.batches(4), options);
    trainer.fit(new Progress(from, 0, 0), new PretrainerTest.Recorder(), Tiny.NO_HOOKS);
  }

  private static SequencedMap<String, double[]> values(Saved part) {
    var map = new LinkedHashMap<String, double[]>();
    try (var _ = TensorScope.open()) {
      part.tensors().forEach((name, t) -> map.put(name, Tiny.values(t)));
    }
    return map;
  }

  private static void same(SequencedMap<String, double[]> a, SequencedMap<String, double[]> b) {
    assertThat(a.keySet()).containsExactlyInAnyOrderElementsOf(b.keySet());
    a.forEach((name, values) -> assertThat(values).as(name).isEqualTo(b.get(name)));
  }

  private Checkpoint checkpoint(Decoder model, Optimizer optimizer) {
    return Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("optimizer", Saved.of(optimizer, model.weights()));
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void anotherGroupingGoesOnWhereThisOneStopped(DType dtype) {
    SequencedMap<String, double[]> whole;
    try (var model = Tiny.model(dtype, 1); var optimizer = Tiny.adam(model)) {
      steps(model, optimizer, 0, 2);
      checkpoint(model, optimizer).save(TWO);
      steps(model, optimizer, 2, 4);
      whole = Tiny.state(model, optimizer);
    }
    try (var model = Tiny.model(dtype, 9); var optimizer = AdamW.over(reversed(model.parameters()), AdamW.Options.DEFAULT)) {
      var checkpoint = checkpoint(model, optimizer);
      assertThat(checkpoint.resume(_ -> {})).isEqualTo(TWO);
      steps(model, optimizer, 2, 4);
      same(Tiny.state(model, optimizer), whole);
    }
  }

  /// The same decay for each, in a group each, last parameter first.
  private static List<ParameterGroup> reversed(List<Parameter> parameters) {
    var rules = ParameterGroups.byRank(parameters, 0.1);
    return parameters.reversed().stream().map(p -> new ParameterGroup(List.of(p),
        rules.stream().filter(g -> g.parameters().contains(p)).findFirst().orElseThrow().weightDecay())).toList();
  }

  @Test void stateStandsUnderTheNamesOfTheWeights() {
    try (var model = Tiny.model(DType.BF16, 1); var optimizer = Tiny.adam(model)) {
      steps(model, optimizer, 0, 2);
      Path saved = checkpoint(model, optimizer).save(TWO);
      try (var stored = SafeTensors.open(saved.resolve("optimizer.safetensors"))) {
        assertThat(stored.entries().keySet()).hasSize(4 * model.weights().size());
        model.weights().forEach((name, w) -> {
          assertThat(stored.get(name + ".master").shape()).as(name).isEqualTo(w.shape());
          assertThat(stored.get(name + ".exp_avg").shape()).as(name).isEqualTo(w.shape());
          assertThat(stored.get(name + ".step").shape()).as(name).isEmpty();
        });
        assertThat(stored.entries().keySet()).contains("model.layers.1.self_attn.k_proj.weight.exp_avg_sq", "lm_head.weight.master");
      }
    }
  }

  @Test void namesThatAreMissingOrUnknownAreListed() {
    try (var model = Tiny.model(DType.F32, 1); var optimizer = Tiny.adam(model)) {
      checkpoint(model, optimizer).save(TWO);
    }
    try (var model = Tiny.model(DType.F32, 1); var some = AdamW.over(model.parameters().subList(1, model.parameters().size()), 0.1,
        AdamW.Options.DEFAULT)) {
      assertThatThrownBy(() -> checkpoint(model, some).resume(_ -> {})).isInstanceOf(DataException.class)
          .hasMessageContaining("optimizer.safetensors").hasMessageContaining("model.embed_tokens.weight.exp_avg");
      var unnamed = new LinkedHashMap<>(model.weights());
      unnamed.remove("lm_head.weight");
      assertThatIllegalArgumentException().isThrownBy(() -> values(Saved.of(some, unnamed))).withMessageContaining("have no name")
          .withMessageContaining("[61, 16]");
    }
    try (var model = Tiny.model(DType.BF16, 1); var optimizer = Tiny.adam(model)) {
      assertThatThrownBy(() -> checkpoint(model, optimizer).resume(_ -> {})).isInstanceOf(DataException.class)
          .hasMessageContaining("saved as F32").hasMessageContaining("BF16").hasMessageContaining("dtype");
    }
  }

  @Test void averagesStreamsAndHeadsComeBack() {
    var rng = Rng.of(4);
    var head = new LinkedHashMap<String, Weight>();
    try (var model = Tiny.model(DType.BF16, 1); var optimizer = Tiny.adam(model); var ema = Ema.of(model.parameters(), 0.5);
         var other = Tiny.model(DType.F32, 2)) {
      head.put("value.weight", other.weights().get("lm_head.weight"));
      steps(model, optimizer, 0, 2);
      ema.update();
      rng.uniforms(7);
      var checkpoint = Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("ema", Saved.of(ema, model.weights()))
          .with("sampling", Saved.of(rng)).with("value_head", Saved.of(head));
      checkpoint.save(TWO);
      var averages = values(Saved.of(ema, model.weights()));
      var values = values(Saved.of(head));
      double next = rng.uniform();
      try (var _ = TensorScope.open(); var _ = org.jtorch.tensor.Grad.off()) {
        ema.averages().forEach(t -> t.fillInPlace(0));
        head.values().forEach(w -> w.view().fillInPlace(0));
      }
      assertThat(checkpoint.resume(_ -> {})).isEqualTo(TWO);
      same(values(Saved.of(ema, model.weights())), averages);
      assertThat(averages).containsKey("model.layers.0.self_attn.q_proj.weight.average");
      same(values(Saved.of(head)), values);
      assertThat(rng.uniform()).isEqualTo(next);
      var later = Rng.of(5);
      Checkpoint.of(folder, 0, ModelFolder.of(model, null)).with("ema", Saved.of(ema, model.weights())).with("sampling", Saved.of(later))
          .with("value_head", Saved.of(head)).resume(_ -> {});
      assertThat(later.uniform()).as("a stream of another seed goes on as the saved one").isEqualTo(next);
    }
  }

  @Test void anAdapterIsAModelFolderOfItsOwn() throws IOException {
    var config = LoraConfig.of(4, 8, new Targets.AllLinear());
    SequencedMap<String, double[]> trained;
    long drawn;
    try (var model = Tiny.model(DType.F32, 1); var lora = Lora.apply(model, config, Rng.of(2));
         var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      steps(model, optimizer, 0, 2);
      try (var _ = TensorScope.open()) {
        var _ = lora.random().normal(0, 1, DType.F32, Device.CPU, 5);
      }
      drawn = lora.random().counter();
      Path saved = Checkpoint.of(folder, 0, ModelFolder.of(lora, "tiny")).with("optimizer", Saved.of(optimizer, lora.weights()))
          .save(TWO);
      assertThat(saved.resolve("adapter_config.json")).exists();
      assertThat(saved.resolve("model.safetensors")).doesNotExist();
      trained = values(new WeightState(lora.savedWeights()));
      trained.putAll(values(Saved.of(optimizer, lora.weights())));
    }
    try (var model = Tiny.model(DType.F32, 1); var lora = Lora.apply(model, config, Rng.of(3));
         var optimizer = AdamW.over(lora.parameters(), 0, AdamW.Options.DEFAULT)) {
      Checkpoint.of(folder, 0, ModelFolder.of(lora, "tiny")).with("optimizer", Saved.of(optimizer, lora.weights())).resume(_ -> {});
      assertThat(lora.random().counter()).as("dropout's masks go on").isEqualTo(drawn).isPositive();
      var restored = values(new WeightState(lora.savedWeights()));
      restored.putAll(values(Saved.of(optimizer, lora.weights())));
      same(restored, trained);
    }
  }

  @Test void aRewardModelIsAModelFolderToo() throws IOException {
    Path base = Files.createDirectory(folder.resolve("base"));
    try (var model = Tiny.model(DType.F32, 1)) {
      Pretrained.save(model, base, DType.F32, null);
    }
    SequencedMap<String, double[]> first;
    try (var reward = Classifiers.begin(base, Labels.SCORE, Device.CPU, null, Rng.of(1))) {
      Path saved = Checkpoint.of(folder.resolve("run"), 0, ModelFolder.of(reward, null)).save(TWO);
      first = values(new WeightState(ModelFolder.of(reward, null).weights()));
      try (var loaded = Classifiers.load(saved, Device.CPU, null)) {
        assertThat(loaded.labels().count()).isEqualTo(1);
      }
    }
    try (var reward = Classifiers.begin(base, Labels.SCORE, Device.CPU, null, Rng.of(2))) {
      assertThat(values(new WeightState(ModelFolder.of(reward, null).weights())).get("score.weight"))
          .isNotEqualTo(first.get("score.weight"));
      Checkpoint.of(folder.resolve("run"), 0, ModelFolder.of(reward, null)).resume(_ -> {});
      same(values(new WeightState(ModelFolder.of(reward, null).weights())), first);
    }
  }
}
