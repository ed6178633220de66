package org.jtorch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.family.Llama;
import org.jtorch.family.Pretrained;
import org.jtorch.io.AtomicFolder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderMergeTest {
  @TempDir Path temp;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig shape(int vocab, boolean tied) {
    return Llama.shape(vocab, 16, 32, 2, 2, 1, 8, 32, new Rope(10_000, RopeScaling.NONE), 1e-5, tied);
  }

  private Path model(String name, DecoderConfig config, DType type, long seed) {
    Path folder = temp.resolve(name);
    try (var model = Decoder.create(config, Device.CPU, type, Rng.of(seed))) {
      AtomicFolder.publish(folder, into -> Pretrained.save(model, into, type, null));
    }
    return folder;
  }

  private Path write(MergeMethod method, @Nullable Path base, @Nullable DType type, Path... models) {
    Path out = temp.resolve("merged-" + method.id() + "-" + models.length + type);
    new FolderMerge(method, List.of(models), base, false).write(out, type);
    return out;
  }

  private static double[] weight(Path folder, String name) {
    try (var _ = TensorScope.open(); var model = Pretrained.load(folder, Device.CPU, DType.F32)) {
      return Objects.requireNonNull(model.weights().get(name)).view().toDoubles();
    }
  }

  @Test void foldersAreAveragedTensorByTensor() throws IOException {
    Path a = model("a", shape(61, true), DType.F32, 1);
    Path b = model("b", shape(61, true), DType.F32, 2);
    Files.writeString(a.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"x\": 0}}}");
    Files.writeString(a.resolve("chat_template.jinja"), "{{ messages }}");
    Path soup = write(Linear.uniform(2), null, null, a, b);
    for (String name : List.of("model.embed_tokens.weight", "model.layers.1.mlp.up_proj.weight", "model.norm.weight")) {
      double[] first = weight(a, name);
      double[] second = weight(b, name);
      double[] mean = weight(soup, name);
      for (int i = 0; i < mean.length; i++) {
        assertThat(mean[i]).isCloseTo((first[i] + second[i]) / 2, within(1e-7));
      }
    }
    assertThat(soup.resolve("tokenizer.json")).hasSameTextualContentAs(a.resolve("tokenizer.json"));
    assertThat(soup.resolve("chat_template.jinja")).exists();
    AtomicFolder.verify(soup);
  }

  @Test void theTypeOfTheFileIsTheFirstModelsOrAsAsked() {
    Path a = model("a", shape(61, false), DType.BF16, 1);
    Path b = model("b", shape(61, false), DType.F32, 2);
    assertThat(Pretrained.storedType(write(Linear.uniform(2), null, null, a, b))).isEqualTo(DType.BF16);
    Path wide = write(Linear.uniform(2), null, DType.F32, a, b);
    assertThat(Pretrained.storedType(wide)).isEqualTo(DType.F32);
    assertThat(JsonFile.open(wide.resolve("config.json")).node().toString()).contains("\"float32\"").doesNotContain("bfloat16");
  }

  @Test void methodsWithABaseGoThroughFoldersToo() {
    Path base = model("base", shape(61, false), DType.F32, 1);
    Path a = model("a", shape(61, false), DType.F32, 2);
    Path b = model("b", shape(61, false), DType.F32, 3);
    String name = "lm_head.weight";
    double[] start = weight(base, name);
    double[] first = weight(a, name);
    double[] arithmetic = weight(write(new TaskArithmetic(List.of(0.5)), base, null, a), name);
    for (int i = 0; i < start.length; i++) {
      assertThat(arithmetic[i]).isCloseTo((start[i] + first[i]) / 2, within(1e-6));
    }
    assertThat(weight(write(new Ties(0.2, 1), base, null, a, b), name)).hasSameSizeAs(start).isNotEqualTo(start);
    assertThat(weight(write(new Slerp(0.5, Slerp.Angle.ALL_TENSORS), base, null, a, b), name)).hasSameSizeAs(start);
    assertThat(weight(write(new Dare(List.of(0.5, 0.5), 0.5, 1), base, null, a, b), name)).hasSameSizeAs(start);
  }

  @Test void whatDoesNotFitTogetherIsRefused() throws IOException {
    Path a = model("a", shape(61, false), DType.F32, 1);
    Path wide = model("wide", shape(64, false), DType.F32, 2);
    assertThatThrownBy(() -> write(Linear.uniform(2), null, null, a, wide)).isInstanceOf(DataException.class)
        .hasMessageContaining("`vocab_size` is 61 and 64");
    Path b = model("b", shape(61, false), DType.F32, 2);
    Files.writeString(a.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"x\": 0}}}");
    Files.writeString(b.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"x\": 1}}}");
    assertThatThrownBy(() -> write(Linear.uniform(2), null, null, a, b)).isInstanceOf(DataException.class)
        .hasMessageContaining("different tokenizers");
    new FolderMerge(Linear.uniform(2), List.of(a, b), null, true).write(temp.resolve("anyway"), null);
    Files.writeString(b.resolve("tokenizer.json"), "{\"version\": \"1.0\", \"model\": {\"vocab\": {\"x\": 0}}}");
    write(Linear.uniform(2), null, null, a, b);
    var config = (ObjectNode) JsonFile.open(wide.resolve("config.json")).node();
    JsonFile.write(wide.resolve("config.json"), config.put("vocab_size", 61));
    assertThatThrownBy(() -> write(Linear.uniform(3), null, null, a, b, wide)).isInstanceOf(DataException.class)
        .hasMessageContaining("'lm_head.weight' is [61, 16] and in " + wide + " [64, 16]");
    assertThat(temp.resolve("merged-linear-3null")).doesNotExist();
  }
}
