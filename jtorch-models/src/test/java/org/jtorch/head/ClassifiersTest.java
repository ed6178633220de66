package org.jtorch.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.encoder.EncoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.ffn.Activation;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.nn.Module;
import org.jtorch.nn.Pass;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("MustBeClosedChecker")
class ClassifiersTest {
  private static final EncoderConfig ENCODER = new EncoderConfig("roberta", 23, 16, 2, 4, 24, 14, 1, 1, Activation.GELU, 1e-5,
      0.3);
  private static final DecoderConfig DECODER = Llama.shape(23, 16, 24, 2, 4, 2, 8, 16, new Rope(10_000, RopeScaling.NONE),
      1e-5, false);
  private static final Labels MOODS = Labels.classes("sad", "neutral", "glad");
  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static float[] logits(Classifier model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor ids = Tensor.of(4, 5, 6, 1, 7, 8, 9, 10).view(2, 4);
      return model.logits(ids, Pass.EMPTY.withKeyMask(ids.eq(1).not())).toFloats();
    }
  }

  private static Classifier load(Path from) {
    return Classifiers.load(from, Device.CPU, null);
  }

  private static Weight weight(Object model, String name) {
    return Objects.requireNonNull(((Module) model).weights().get(name), name);
  }

  private void saveEncoder() {
    try (var model = EncoderClassifier.create(ENCODER, MOODS, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
    }
  }

  private void saveReward() {
    try (var model = DecoderClassifier.create(DECODER, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
    }
  }

  @Test void anEncoderThatIsSavedLoads() {
    try (var model = EncoderClassifier.create(ENCODER, MOODS, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
      try (var again = load(folder)) {
        assertThat(again).isInstanceOfSatisfying(EncoderClassifier.class, e -> assertThat(e.config()).isEqualTo(ENCODER));
        assertThat(again.labels()).isEqualTo(MOODS);
        assertThat(logits(again)).hasSize(6).containsExactly(logits(model));
      }
    }
    var json = JsonFile.open(folder.resolve("config.json"));
    assertThat(json.requiredStrings("architectures")).containsExactly("RobertaForSequenceClassification");
    assertThat(json.object("id2label").requiredString("2")).isEqualTo("glad");
    assertThat(json.object("label2id").requiredInt("glad")).isEqualTo(2);
  }

  @Test void aRewardModelThatIsSavedLoads() {
    try (var model = DecoderClassifier.create(DECODER, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2))) {
      Classifiers.save(model, folder, DType.F32, null);
      assertThat(model.weights()).containsKeys("model.embed_tokens.weight", "score.weight").doesNotContainKey("lm_head.weight");
      try (var again = load(folder)) {
        assertThat(again).isInstanceOfSatisfying(DecoderClassifier.class, d -> {
          assertThat(d.config()).isEqualTo(DECODER);
          assertThat(d.padToken()).isEqualTo(1);
        });
        assertThat(again.labels()).isEqualTo(Labels.SCORE);
        assertThat(logits(again)).hasSize(2).containsExactly(logits(model));
      }
    }
    assertThat(JsonFile.open(folder.resolve("config.json")).requiredStrings("architectures"))
        .containsExactly("LlamaForSequenceClassification");
    assertThat(folder.resolve("generation_config.json")).doesNotExist();
  }

  @Test void theHeadReadsTheLastRealToken() {
    try (var model = DecoderClassifier.create(DECODER, Labels.SCORE, 1, Device.CPU, DType.F32, Rng.of(2));
         var _ = TensorScope.open()) {
      Tensor ids = Tensor.of(4, 5, 1, 1, 1, 1, 7, 8, 9, 1, 9, 1).view(3, 4);
      assertThat(model.lastToken(ids, null).toLongs()).containsExactly(1, 3, 2);
      Tensor mask = Tensor.of(1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1).view(3, 4).eq(1);      // the mask knows better than the ids
      assertThat(model.lastToken(ids, mask).toLongs()).containsExactly(0, 3, 3);
      float[] alone;
      float[] padded;
      try (var _ = Grad.off()) {
        alone = model.logits(Tensor.of(4, 5).view(1, 2), Pass.EMPTY).toFloats();
        Tensor row = Tensor.of(4, 5, 9, 9).view(1, 4);                                   // padding is what the mask says it is
        padded = model.logits(row, Pass.EMPTY.withKeyMask(Tensor.of(1, 1, 0, 0).view(1, 4).eq(1))).toFloats();
      }
      assertThat(padded).containsExactly(alone, within(1e-5f));
    }
    try (var model = DecoderClassifier.create(DECODER, Labels.SCORE, null, Device.CPU, DType.F32, Rng.of(2));
         var _ = TensorScope.open()) {
      assertThat(model.lastToken(Tensor.of(4, 5, 1).view(1, 3), null).toLongs()).containsExactly(2);
      assertThatThrownBy(() -> model.logits(Tensor.of(4, 5, 6, 1).view(2, 2), Pass.EMPTY))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("key mask").hasMessageContaining("pad_token_id");
    }
  }

  @Test void aFreshHeadGoesOnALanguageModel() {
    try (var lm = Decoder.create(DECODER, Device.CPU, DType.F32, Rng.of(4))) {
      Pretrained.save(lm, folder, DType.F32, null);
      assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class)
          .hasMessageContaining("LlamaForCausalLM").hasMessageContaining("ForSequenceClassification")
              .hasMessageContaining("Classifiers.begin");
      try (var model = Classifiers.begin(folder, MOODS, Device.CPU, null, Rng.of(0)); var _ = TensorScope.open()) {
        assertThat(weight(model, "model.norm.weight").view().toFloats())
            .containsExactly(weight(lm, "model.norm.weight").view().toFloats());
        assertThat(weight(model, "score.weight").shape()).containsExactly(3, 16);
        assertThat(weight(model, "score.weight").view().abs().mean().item()).isBetween(0.01, 0.03);
      }
    }
  }

  @Test void aFreshHeadReplacesTheOldOne() {
    saveEncoder();
    try (var model = Classifiers.begin(folder, Labels.SCORE, Device.CPU, null, Rng.of(0)); var old = load(folder);
         var _ = TensorScope.open()) {
      assertThat(logits(model)).hasSize(2);
      String name = "roberta.encoder.layer.1.output.dense.weight";
      assertThat(weight(model, name).view().toFloats())
          .containsExactly(weight(old, name).view().toFloats());
      assertThat(weight(model, "classifier.out_proj.weight").shape()).containsExactly(1, 16);
    }
  }

  @Test void aBareEncoderIsRecognised() {
    saveEncoder();
    try (var before = load(folder); var _ = TensorScope.open()) {
      rewrite(name -> name.startsWith("classifier.") ? null : name.substring("roberta.".length()));
      edit(c -> c.putArray("architectures").add("RobertaModel"));
      try (var model = Classifiers.begin(folder, MOODS, Device.CPU, null, Rng.of(0))) {
        String name = "roberta.embeddings.word_embeddings.weight";
        assertThat(weight(model, name).view().toFloats())
            .containsExactly(weight(before, name).view().toFloats());
      }
    }
  }

  @Test void missingWeightsAreReportedAtOnce() {
    saveReward();
    rewrite(name -> name.equals("score.weight") ? "value.weight" : name.equals("model.norm.weight") ? null : name);
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("2 missing, 1 unexpected")
        .hasMessageContaining("score.weight").hasMessageContaining("model.norm.weight").hasMessageContaining("value.weight");
  }

  @Test void labelsThatDoNotAgreeAreNamed() {
    saveEncoder();
    edit(c -> c.put("num_labels", 2));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class)
        .hasMessageContaining("`id2label` has 3 labels but `num_labels` is 2");
    edit(c -> c.without(List.of("num_labels", "id2label", "label2id")));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("2 of the wrong shape")
        .hasMessageContaining("`config.json` has 2 labels").hasMessageContaining("the stored head 3");
    edit(c -> c.put("num_labels", 3).put("problem_type", "divination"));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("divination")
        .hasMessageContaining("single_label_classification");
  }

  @Test void otherModelsAreNamed() {
    saveEncoder();
    edit(c -> c.put("model_type", "abacus"));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("\"abacus\"")
        .hasMessageContaining("roberta").hasMessageContaining("llama");
    edit(c -> c.put("model_type", "roberta").put("hidden_act", "snake"));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("\"snake\"")
        .hasMessageContaining("gelu");
    edit(c -> c.put("hidden_act", "gelu").put("num_attention_heads", 3));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("config.json")
        .hasMessageContaining("`num_attention_heads` (3) must divide");
    edit(c -> c.put("num_attention_heads", 4).put("position_embedding_type", "relative_key"));
    assertThatThrownBy(() -> load(folder)).isInstanceOf(DataException.class).hasMessageContaining("relative_key")
        .hasMessageContaining("absolute");
  }

  private void edit(Consumer<ObjectNode> change) {
    Path file = folder.resolve("config.json");
    var node = (ObjectNode) JsonFile.open(file).node();
    change.accept(node);
    JsonFile.write(file, node);
  }

  /// Writes the weights again under other names; null leaves one out.
  private void rewrite(Function<String, @Nullable String> rename) {
    var map = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    Path file = folder.resolve("model.safetensors");
    Path other = folder.resolve("other.safetensors");
    try (var stored = SafeTensors.open(file)) {
      stored.entries().forEach((name, e) -> {
        String to = rename.apply(name);
        if (to != null) {
          map.put(to, new SafeTensorsWriter.Source(e.dtype(), e.shape(), e::bytes));
        }
      });
      SafeTensorsWriter.write(other, map);
    }
    try {
      Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
