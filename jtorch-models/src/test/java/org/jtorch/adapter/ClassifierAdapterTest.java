package org.jtorch.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Objects;
import org.jtorch.encoder.Encoder;
import org.jtorch.encoder.EncoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.head.Classifier;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.EncoderClassifier;
import org.jtorch.head.Labels;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.quant.QuantConfig;
import org.jtorch.quant.Quantizer;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters and 4-bit weights under a head that judges sequences.
@SuppressWarnings("MustBeClosedChecker")
class ClassifierAdapterTest {
  private static final EncoderConfig ENCODER = new EncoderConfig("roberta", Small.VOCAB, 16, 2, 4, 24, 14, 1, 1,
      Activation.GELU, 1e-5, 0.3);
  private static final LoraConfig ALL = LoraConfig.of(2, 4, new Targets.AllLinear()).withStart(LoraConfig.Start.RANDOM);
  @TempDir Path temp;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static Module model(boolean encoder, long seed) {
    return encoder ? EncoderClassifier.create(ENCODER, Labels.classes("a", "b"), Device.CPU, DType.F32, Rng.of(seed))
        : DecoderClassifier.create(Small.SHAPE, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(seed));
  }

  private static float[] logits(Module model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return ((Classifier) model).logits(Small.ids(), Pass.EMPTY).toFloats();
    }
  }

  @ParameterizedTest @ValueSource(booleans = {true, false})
  void theHeadTakesNoAdapterTrainsAlongAndIsSaved(boolean encoder) {
    String name = encoder ? "classifier.out_proj.weight" : "score.weight";
    float[] expected;
    try (var model = model(encoder, 1); var lora = Lora.apply(model, ALL, Rng.of(2))) {
      assertThat(lora.weights().keySet()).isNotEmpty().noneMatch(n -> n.contains("classifier") || n.contains("score"));
      var head = ((Classifier) model).headParameters();
      assertThat(lora.trained()).containsAll(lora.parameters()).containsAll(head).hasSize(lora.parameters().size() + head.size());
      gradients((Classifier) model);
      try (var _ = TensorScope.open()) {
        assertThat(lora.trained()).allMatch(p -> p.grad() != null);
        assertThat(model.parameters().stream().filter(p -> p.grad() != null)).containsExactlyElementsOf(head);
      }
      model.zeroGrad();
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        head.getLast().tensor().mulInPlace(3);
      }
      lora.save(temp, null);
      expected = logits(model);
    }
    try (var file = SafeTensors.open(temp.resolve("adapter_model.safetensors"))) {
      assertThat(file.entries()).containsKey("base_model.model." + name);
    }
    var json = JsonFile.open(temp.resolve("adapter_config.json"));
    assertThat(json.requiredString("task_type")).isEqualTo("SEQ_CLS");
    assertThat(json.requiredStrings("modules_to_save")).containsExactly("classifier", "score");
    try (var model = model(encoder, 1)) {
      assertThat(logits(model)).isNotEqualTo(expected);
      try (var _ = Lora.load(model, temp)) {
        assertThat(logits(model)).isEqualTo(expected);
      }
    }
  }

  private static void gradients(Classifier model) {
    try (var _ = TensorScope.open(); var tape = GradTape.open()) {
      tape.backward(model.logits(Small.ids(), Pass.training(tape)).square().sum());
    }
  }

  @Test void anAdapterOfAClassifierDoesNotFitALanguageModel() {
    try (var model = model(false, 1); var lora = Lora.apply(model, ALL, Rng.of(2))) {
      lora.save(temp, null);
    }
    try (var lm = Small.model(DType.F32)) {
      assertThatThrownBy(() -> Lora.load(lm, temp).close()).isInstanceOf(DataException.class).hasMessageContaining("1 unexpected")
          .hasMessageContaining("score.weight");
    }
  }

  @Test void theHeadCannotBeATarget() {
    try (var model = model(false, 1)) {
      assertThatIllegalArgumentException().isThrownBy(() -> Lora.apply(model, LoraConfig.of(2, 4, "score"), Rng.of(1)).close())
          .withMessageContaining("[score]").withMessageContaining("q_proj");
    }
  }

  @ParameterizedTest @ValueSource(booleans = {true, false})
  void quantizingLeavesTheHead(boolean encoder) {
    try (var model = model(encoder, 1)) {
      var report = Quantizer.apply(model, QuantConfig.NF4);
      assertThat(report.left()).isEmpty();
      assertThat(((Classifier) model).headParameters()).noneMatch(p -> p.isGivenUp());
      assertThat(report.products()).hasSize(2 * 4)
          .allMatch(p -> p.names().stream().noneMatch(n -> n.contains("score") || n.contains("classifier")));
    }
  }

  @Test void thePurposeIsNamedAsPeftDoes() {
    try (var lm = Small.model(DType.F32); var lora = Lora.apply(lm, ALL, Rng.of(2))) {
      lora.save(temp, null);
      var json = JsonFile.open(temp.resolve("adapter_config.json"));
      assertThat(json.requiredString("task_type")).isEqualTo("CAUSAL_LM");
      assertThat(json.has("modules_to_save")).isFalse();
    }
    try (var model = model(false, 1); var tokens = VirtualTokens.promptTuning(model, 2, Rng.of(1))) {
      tokens.save(temp, null);
      assertThat(JsonFile.open(temp.resolve("adapter_config.json")).requiredString("task_type")).isEqualTo("SEQ_CLS");
    }
    try (var bare = new Encoder(ENCODER)) {
      bare.initialize(Device.CPU, DType.F32, Rng.of(1));
      try (var lora = Lora.apply(bare, ALL, Rng.of(2))) {
        lora.save(temp, null);
        assertThat(Objects.requireNonNull(JsonFile.open(temp.resolve("adapter_config.json")).node().get("task_type")).isNull()).isTrue();
      }
    }
  }
}
