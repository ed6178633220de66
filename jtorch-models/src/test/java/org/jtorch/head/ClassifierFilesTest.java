package org.jtorch.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.encoder.EncoderConfig;
import org.jtorch.family.Families;
import org.jtorch.family.Llama;
import org.jtorch.ffn.Activation;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@SuppressWarnings("MustBeClosedChecker")
class ClassifierFilesTest {
  private static final DecoderConfig DECODER = Llama.shape(23, 16, 24, 2, 4, 2, 8, 16, new Rope(10_000, RopeScaling.NONE), 1e-5, false);
  private static final EncoderConfig ENCODER = new EncoderConfig("roberta", 23, 16, 2, 4, 24, 14, 1, 1, Activation.GELU, 1e-5, 0.3);
  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static float[] logits(Classifier model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.logits(Tensor.of(4, 5, 6, 7).view(1, 4), Pass.EMPTY).toFloats();
    }
  }

  static java.util.List<DecoderConfig> smallest() {
    return Families.all().stream().map(f -> f.presets().sequencedValues().getFirst().withVocab(64)).toList();
  }

  @ParameterizedTest @MethodSource("smallest")
  void everyFamilySavesAndLoads(DecoderConfig config) {
    try (var model = DecoderClassifier.create(config, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
      try (var again = Classifiers.load(folder, Device.CPU, null);
           var fresh = Classifiers.begin(folder, Labels.classes("no", "yes"), Device.CPU, null, Rng.of(1))) {
        assertThat(logits(again)).containsExactly(logits(model));
        assertThat(logits(fresh)).hasSize(2);
      }
    }
    var json = JsonFile.open(folder.resolve("config.json"));
    String type = json.requiredString("model_type");
    assertThat(Classifiers.modelTypes()).contains(type);
    String letters = json.requiredStrings("architectures").getFirst().replace("ForSequenceClassification", "");
    assertThat(letters).isNotEqualTo(json.requiredStrings("architectures").getFirst()).isEqualToIgnoringCase(type.replace("_", ""));
  }

  @Test void theTypeIsThatOfTheWeightsNotOfWhatComesFirst() {
    try (var model = EncoderClassifier.create(ENCODER, Labels.SCORE, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
      var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
      Path file = folder.resolve("model.safetensors");
      try (var stored = SafeTensors.open(file)) {
        var positions = java.lang.foreign.MemorySegment.ofArray(new byte[8 * 14]);
        sources.put("roberta.embeddings.position_ids", new SafeTensorsWriter.Source("I64", new long[] {1, 14}, () -> positions));
        stored.entries().forEach((name, e) -> {
          byte[] bytes = e.bytes().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
          sources.put(name, new SafeTensorsWriter.Source(e.dtype(), e.shape(), () -> java.lang.foreign.MemorySegment.ofArray(bytes)));
        });
      }
      SafeTensorsWriter.write(file, sources);
      try (var stored = SafeTensors.open(file)) {
        assertThat(stored.entries().sequencedValues().getFirst().dtype()).isEqualTo("I64");
      }
      try (var again = Classifiers.load(folder, Device.CPU, null)) {
        assertThat(again.dtype()).isEqualTo(DType.F32);
        assertThat(logits(again)).containsExactly(logits(model));
      }
    }
  }

  @Test void aNegativePaddingTokenIsNone() {
    try (var model = DecoderClassifier.create(DECODER, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
    }
    var json = (ObjectNode) JsonFile.open(folder.resolve("config.json")).node();
    JsonFile.write(folder.resolve("config.json"), json.put("pad_token_id", -1));
    try (var again = Classifiers.load(folder, Device.CPU, null)) {
      assertThat(again).isInstanceOfSatisfying(DecoderClassifier.class, d -> assertThat(d.padToken()).isNull());
    }
  }

  @Test void whatCannotBeFilledIsFreed() {
    var model = DecoderClassifier.create(DECODER, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2));
    Classifiers.save(model, folder, DType.F32, null);
    assertThatIllegalStateException().as("it has weights already")
        .isThrownBy(() -> ClassifierWeights.load(model, folder, Device.CPU, null, Optional.empty()));
  }

  @Test void theHeadIsNamed() {
    try (var encoder = new EncoderClassifier(ENCODER, Labels.SCORE); var decoder = new DecoderClassifier(DECODER, Labels.SCORE, 1)) {
      assertThat(encoder.headParameters()).hasSize(4).allMatch(encoder.parameters()::contains);
      assertThat(decoder.headParameters()).hasSize(1).allMatch(decoder.parameters()::contains);
      assertThat(Heads.of(decoder)).containsExactlyElementsOf(decoder.headParameters());
      assertThat(Heads.of(decoder.trunk())).containsExactly(decoder.trunk().head());
      assertThat(Heads.of(encoder.encoder())).isEmpty();
    }
  }
}
