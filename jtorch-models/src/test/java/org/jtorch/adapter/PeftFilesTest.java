package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import org.jtorch.family.Pretrained;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeftFilesTest {
  @TempDir Path temp = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void whatWasSavedLoadsWithEqualLogits() {
    var ranks = new LinkedHashMap<String, Integer>();
    ranks.put("o_proj", 2);
    var alphas = new LinkedHashMap<String, Double>();
    alphas.put("layers.1.mlp.up_proj", 2.5);
    var targets = List.of(new Targets.AllLinear(), new Targets.Regex(".*[ov]_proj"),
        new Targets.Named(List.of("q_proj", "up_proj"), List.of(1), List.of("layers")));
    for (int i = 0; i < targets.size(); i++) {
      var config = LoraConfig.of(3, 7, targets.get(i)).withStart(LoraConfig.Start.RANDOM).withPatterns(ranks, alphas).withDropout(0.1);
      config = i == 0 ? config.withDora() : config.withRsLora();
      Path folder = temp.resolve("adapter" + i);
      try (var model = Small.model(DType.F32)) {
        double[] expected;
        try (var lora = Lora.apply(model, config, Rng.of(5))) {
          lora.save(folder, "some/model");
          expected = Small.logits(model, true);
        }
        assertThat(Small.distance(Small.logits(model, true), expected)).isGreaterThan(1e-3);
        try (var lora = Lora.load(model, folder)) {
          assertThat(Small.logits(model, true)).isEqualTo(expected);
          assertThat(lora.config().withStart(LoraConfig.Start.RANDOM)).isEqualTo(config);
        }
      }
    }
  }

  @Test void aMappedModelTakesAdaptersAndQuantizesButDoesNotMerge() {
    try (var model = Small.model(DType.F32)) {
      Pretrained.save(model, temp, DType.F32, null);
    }
    try (var mapped = Pretrained.open(temp); var copied = Small.model(DType.F32)) {
      try (var one = Lora.apply(mapped, LoraConfig.of(4, 8, "q_proj", "up_proj").withStart(LoraConfig.Start.RANDOM).withDora(), Rng.of(2));
           var two = Lora.apply(copied, one.config(), Rng.of(2)); var _ = TensorScope.open()) {
        double[] logits = Small.logits(copied, true);
        assertThat(Small.distance(Small.logits(mapped, true), logits)).isLessThan(1e-5);
        assertThat(Small.distance(Small.gradients(mapped, one, Small.Way.TAPE), Small.gradients(copied, two, Small.Way.TAPE)))
            .isLessThan(1e-4);
        assertThatThrownBy(() -> one.merge(mapped, Small.ids())).isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("Pretrained.load");
        assertThat(one.isMerged()).isFalse();
        assertThat(Small.distance(Small.logits(mapped, true), logits)).isLessThan(1e-5);
      }
      Quantizer.apply(mapped, QuantConfig.NF4);
      Quantizer.apply(copied, QuantConfig.NF4);
      assertThat(Small.distance(Small.logits(mapped, true), Small.logits(copied, true))).isLessThan(1e-5);
    }
  }

  @Test void namesAreThoseOfPeft() {
    save(LoraConfig.of(2, 4, "v_proj", "down_proj").withDora());
    try (var file = SafeTensors.open(temp.resolve("adapter_model.safetensors"))) {
      assertThat(file.entries().keySet()).hasSize(12).contains("base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight",
          "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight",
          "base_model.model.model.layers.1.mlp.down_proj.lora_magnitude_vector");
      assertThat(file.get("base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight").shape()).containsExactly(8, 2);
      assertThat(file.metadata()).containsEntry("format", "pt");
    }
    var json = JsonFile.open(temp.resolve("adapter_config.json"));
    assertThat(json.requiredStrings("target_modules")).containsExactly("down_proj", "v_proj");
    assertThat(json.requiredInt("lora_alpha")).isEqualTo(4);
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  @Test void anAdapterOfAnotherModelIsRefusedWithAllThatDoesNotFit() throws IOException {
    save(LoraConfig.of(2, 4, "v_proj", "q_proj"));
    edit(c -> c.put("base_model_name_or_path", "some/other").put("r", 3).putArray("target_modules").add("q_proj").add("k_proj"));
    try (var model = Small.model(DType.F32)) {
      double[] before = Small.logits(model, true);
      assertThatThrownBy(() -> Lora.load(model, temp).close()).isInstanceOf(DataException.class)
          .hasMessageContaining("adapter_model.safetensors").hasMessageContaining("4 missing, 4 unexpected, 4 of the wrong shape")
          .hasMessageContaining("layers.0.self_attn.k_proj.lora_A.weight").hasMessageContaining("expected [3, 16], found [2, 16]")
          .hasMessageContaining("made for \"some/other\"");
      edit(c -> c.putArray("target_modules").add("c_attn"));
      assertThatThrownBy(() -> Lora.load(model, temp).close()).isInstanceOf(DataException.class)
          .hasMessageContaining("adapter_config.json").hasMessageContaining("c_attn").hasMessageContaining("q_proj, k_proj");
      assertThat(Small.logits(model, true)).isEqualTo(before);
      Files.delete(temp.resolve("adapter_model.safetensors"));
      Files.writeString(temp.resolve("adapter_model.bin"), "");
      edit(c -> c.putArray("target_modules").add("q_proj"));
      assertThatThrownBy(() -> Lora.load(model, temp).close()).isInstanceOf(DataException.class).hasMessageContaining("pickle");
    }
  }

  @Test void settingsThatAreNotSupportedAreNamed() {
    save(LoraConfig.of(2, 4, "v_proj"));
    refused(c -> c.put("peft_type", "IA3"), "peft_type", "IA3", "LORA");
    refused(c -> c.put("bias", "all"), "'bias'", "all", "none");
    refused(c -> c.putArray("modules_to_save").add("lm_head"), "modules_to_save", "lm_head");
    refused(c -> c.put("fan_in_fan_out", true), "fan_in_fan_out");
    refused(c -> c.put("lora_bias", true), "lora_bias");
    refused(c -> c.put("init_lora_weights", "pissa"), "init_lora_weights", "pissa");
    refused(c -> c.put("layers_to_transform", "one"), "layers_to_transform");
    refused(c -> c.putObject("rank_pattern").put("q_proj", "high"), "rank_pattern.q_proj", "number");
    refused(c -> c.put("r", 0), "`r`", "16");
    refused(c -> c.putArray("layers_pattern").add("h"), "layers_pattern", "layers_to_transform");
    refused(c -> c.put("some_new_method", 1), "some_new_method");
    refused(c -> c.remove("target_modules"), "target_modules", "missing");
  }

  @SuppressWarnings("MustBeClosedChecker")     // it throws
  private void refused(Consumer<ObjectNode> change, String... words) {
    var before = (ObjectNode) JsonFile.open(temp.resolve("adapter_config.json")).node();
    edit(change);
    try (var model = Small.model(DType.F32)) {
      assertThatThrownBy(() -> Lora.load(model, temp).close()).isInstanceOf(DataException.class).hasMessageContainingAll(words)
          .hasMessageContaining("adapter_config.json");
    }
    JsonFile.write(temp.resolve("adapter_config.json"), before);
  }

  private void save(LoraConfig config) {
    try (var model = Small.model(DType.F32); var lora = Lora.apply(model, config, Rng.of(5))) {
      lora.save(temp, null);
    }
  }

  private void edit(Consumer<ObjectNode> change) {
    var node = JsonNodeFactory.instance.objectNode();
    node.setAll((ObjectNode) JsonFile.open(temp.resolve("adapter_config.json")).node());
    change.accept(node);
    JsonFile.write(temp.resolve("adapter_config.json"), node);
  }
}
