package org.jtorch.recipes.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.RecipeSource;
import org.jtorch.recipes.config.StrictYaml;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerConfigTest {
  record Holder(@Default("{}") OptimizerConfig optimizer) {}

  @AfterEach void nothingIsLeft() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "{}                                        | exp_avg_sq",
      "{weight_decay: 0.2, mup_base: 32}         | exp_avg_sq",
      "{type: muon}                              | momentum_buffer",
      "{type: adastar, mup_base: 32}             | square",
      "{type: adafactor}                         | column",
      "{type: sgd, nesterov: true}               | momentum_buffer"})
  void everyTypeCoversEveryParameterOnce(String yaml, String state) {
    var config = bind(yaml);
    try (var model = Decoder.create(Llama.TINY.withLayers(1), Device.CPU, DType.F32, Rng.of(1)); var optimizer = config.over(model, 0.01)) {
      assertThat(optimizer.parameters()).containsExactlyInAnyOrderElementsOf(model.parameters());
      assertThat(optimizer.state().keySet()).anyMatch(name -> name.endsWith("." + state));
    }
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "{beta1: 1}                     | `beta1`, must be from 0 to below 1 but was 1.0; 0.9 is usual",
      "{type: muon, steps: 0}         | steps",
      "{type: adastar, clip: 0}       | clip",
      "{type: adafactor, decay: 1}    | decay",
      "{type: sgd, momentum: 0, nesterov: true} | nesterov"})
  void whatDoesNotFitIsNamed(String yaml, String words) {
    for (String word : words.replace("`", "").split(", ")) {
      assertThatThrownBy(() -> bind(yaml)).hasMessageContaining(word);
    }
  }

  private static OptimizerConfig bind(String yaml) {
    return StrictYaml.bind(Holder.class, RecipeSource.of("x.yaml", "optimizer: " + yaml), List.of()).value().optimizer();
  }
}
