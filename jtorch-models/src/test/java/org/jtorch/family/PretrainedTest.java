package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.SequencedMap;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.io.SafeTensorsWriter.Source;
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
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@SuppressWarnings("MustBeClosedChecker")
class PretrainedTest {
  private static final RopeScaling LLAMA3 = new RopeScaling.Llama3(8, 1, 4, 256);
  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig config(boolean tied, RopeScaling scaling) {
    return Llama.shape(17, 16, 24, 2, 4, 2, 8, 64, new Rope(500_000, scaling), 1e-5, tied);
  }

  private static Decoder model(DecoderConfig config) {
    return Decoder.create(config, Device.CPU, DType.F32, Rng.of(3));
  }

  private static float[] logits(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Tensor.of(1, 5, 2, 16, 0, 7).view(2, 3), Pass.EMPTY).toFloats();
    }
  }

  private static SequencedMap<String, Source> sources(Decoder model) {
    var map = new LinkedHashMap<String, Source>();
    model.weights().forEach((name, w) -> map.put(name, StoredTensor.source(w, DType.F32)));
    return map;
  }

  private static Path resource(String name) {
    try {
      return Path.of(Objects.requireNonNull(PretrainedTest.class.getResource("/parity/models/llama31/" + name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest @CsvSource({"true", "false"})
  void whatIsSavedLoads(boolean tied) {
    try (var model = model(config(tied, LLAMA3))) {
      Pretrained.save(model, folder, DType.F32, null);
      assertThat(folder.resolve("generation_config.json")).exists();
      try (var loaded = Pretrained.load(folder, Device.CPU, null)) {
        assertThat(loaded.config()).isEqualTo(model.config());
        assertThat(loaded.dtype()).isEqualTo(DType.F32);
        assertThat(loaded.weights().containsKey("lm_head.weight")).isEqualTo(!tied);
        assertThat(logits(loaded)).isEqualTo(logits(model));
      }
    }
  }

  @Test void savedWeightsOutliveTheModel() {
    float[] expected;
    try (var model = model(config(false, LLAMA3))) {
      expected = logits(model);
      Pretrained.save(model, folder, DType.F32, null);
    }
    try (var loaded = Pretrained.load(folder, Device.CPU, null)) {
      assertThat(logits(loaded)).isEqualTo(expected);
    }
  }

  @Test void halfFilesLoadInAnyType() {
    try (var model = model(config(false, LLAMA3))) {
      Pretrained.save(model, folder, DType.BF16, null);
      try (var same = Pretrained.load(folder, Device.CPU, null); var wide = Pretrained.load(folder, Device.CPU, DType.F32);
           var _ = TensorScope.open()) {
        assertThat(same.dtype()).isEqualTo(DType.BF16);
        assertThat(wide.dtype()).isEqualTo(DType.F32);
        assertThat(wide.head().tensor().toFloats()).isEqualTo(model.head().tensor().to(DType.BF16).toFloats());
        assertThat(logits(wide)).containsExactly(logits(model), within(3e-3f));
      }
    }
  }

  @Test void shardsLoadAsOne() throws IOException {
    try (var model = model(config(false, LLAMA3))) {
      Pretrained.save(model, folder, DType.F32, null);
      Files.delete(folder.resolve("model.safetensors"));
      SafeTensorsWriter.writeSharded(folder, sources(model), 4_000);
      assertThat(folder.resolve("model.safetensors.index.json")).exists();
      try (var loaded = Pretrained.load(folder, Device.CPU, null)) {
        assertThat(logits(loaded)).isEqualTo(logits(model));
      }
    }
  }

  @Test void tiedFilesMayRepeatTheHead() {
    try (var model = model(config(true, LLAMA3))) {
      var weights = sources(model);
      weights.put("lm_head.weight", Objects.requireNonNull(weights.get("model.embed_tokens.weight")));
      Pretrained.save(model.config(), weights, folder, DType.F32, null);
      try (var loaded = Pretrained.load(folder, Device.CPU, null)) {
        assertThat(logits(loaded)).isEqualTo(logits(model));
      }
    }
  }

  @Test void oneMessageListsAllThatIsWrong() {
    try (var model = model(config(false, LLAMA3))) {
      var weights = sources(model);
      weights.remove("model.norm.weight");
      weights.remove("model.layers.1.mlp.up_proj.weight");
      weights.put("model.layers.7.extra.weight", Objects.requireNonNull(weights.get("lm_head.weight")));
      weights.put("model.layers.0.self_attn.k_proj.weight", Objects.requireNonNull(weights.get("lm_head.weight")));
      Pretrained.save(model.config(), weights, folder, DType.F32, null);
      long before = TensorScope.stats().nativeObjects();
      assertThatThrownBy(() -> Pretrained.load(folder, Device.CPU, null)).isInstanceOf(DataException.class)
          .hasMessageContaining("2 missing, 1 unexpected, 1 of the wrong shape")
          .hasMessageContaining("model.norm.weight").hasMessageContaining("model.layers.1.mlp.up_proj.weight")
          .hasMessageContaining("model.layers.7.extra.weight")
          .hasMessageContaining("model.layers.0.self_attn.k_proj.weight: expected [16, 16], found [17, 16]");
      assertThat(TensorScope.stats().nativeObjects()).isEqualTo(before);
    }
  }

  @Test void companionsTravel() throws IOException {
    var from = Files.createDirectory(folder.resolve("from"));
    var to = Files.createDirectory(folder.resolve("to"));
    Files.writeString(from.resolve("tokenizer.json"), "{}");
    Files.writeString(from.resolve("generation_config.json"), "{\"eos_token_id\": 5}");
    Files.writeString(from.resolve("notes.txt"), "mine");
    try (var model = model(config(false, LLAMA3))) {
      Pretrained.save(model, to, DType.F32, from);
    }
    assertThat(to.resolve("tokenizer.json")).exists();
    assertThat(to.resolve("notes.txt")).doesNotExist();
    assertThat(to.resolve("generation_config.json")).hasContent("{\"eos_token_id\": 5}");
  }

  @Test void bothSpellingsAgree() {
    var today = Pretrained.configFile(resource("config.json"));
    assertThat(Pretrained.configFile(resource("config_legacy.json"))).isEqualTo(today);
    assertThat(Objects.requireNonNull(today.attention().rope()).base()).isGreaterThan(10_000);
    assertThat(today.attention().rope().scaling()).isInstanceOf(RopeScaling.Llama3.class);
  }

  @ParameterizedTest @EnumSource
  void everyScalingIsWrittenAndRead(Scaling scaling) throws IOException {
    var config = config(false, scaling.value);
    try (var model = model(config)) {
      Pretrained.save(model, folder, DType.F32, null);
    }
    assertThat(Pretrained.config(folder)).isEqualTo(config);
    assertThat(Files.readString(folder.resolve("config.json"))).contains("\"rope_parameters\"", "\"model_type\"", "\"architectures\"");
  }

  enum Scaling {
    NONE(RopeScaling.NONE), LINEAR(new RopeScaling.Linear(4)), DYNAMIC(new RopeScaling.Dynamic(2, 64)), LLAMA(LLAMA3),
    YARN(new RopeScaling.Yarn(4, 32, 16, 2, false, 1.5));

    final RopeScaling value;

    Scaling(RopeScaling value) {
      this.value = value;
    }
  }

  @ParameterizedTest @CsvSource(delimiter = '|', value = {
      "\"llama\" | \"gpt9\" | `model_type` is \"gpt9\" | supported: llama",
      "\"llama3\" | \"spiral\" | rope type \"spiral\" is not supported | default, linear, dynamic, llama3, yarn",
      "\"silu\" | \"relu\" | `hidden_act` is \"relu\" | silu",
      "\"hidden_size\": 64, | \"other\": 64, | hidden_size | config.json",
      "\"head_dim\": 16, | \"head_dim\": 15, | `head_dim` must be even | config.json",
      "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | must divide | config.json",
      "\"hidden_size\": 64 | \"hidden_size\": 0 | `hidden_size` must be >= 1 | config.json",
      "\"high_freq_factor\": 4.0, | \"x\": 4.0, | high_freq_factor | config.json",
      "\"factor\": 8.0 | \"factor\": -8.0 | `factor` must be > 0 | config.json"})
  void wrongConfigurationsSayWhatIsWrong(String key, String instead, String message, String hint) throws IOException {
    String text = Files.readString(resource("config.json"));
    assertThat(text).contains(key);
    Files.writeString(folder.resolve("config.json"), text.replace(key, instead));
    assertThatThrownBy(() -> Pretrained.config(folder)).isInstanceOf(DataException.class)
        .hasMessageContaining(message).hasMessageContaining(hint).hasMessageContaining("config.json");
  }

  @Test void aBaseBesideTheParametersIsRead() throws IOException {
    String text = Files.readString(resource("config.json"));
    Files.writeString(folder.resolve("config.json"), text.replace("\"rope_theta\": 500000.0,", "")
        .replace("\"vocab_size\"", "\"rope_theta\": 1234.0, \"vocab_size\""));
    assertThat(Objects.requireNonNull(Pretrained.config(folder).attention().rope()).base()).isEqualTo(1234);
  }

  @Test void missingFilesAreNamed() {
    assertThatThrownBy(() -> Pretrained.load(folder, Device.CPU, null)).hasMessageContaining("config.json");
    try (var model = model(config(false, LLAMA3))) {
      assertThat(model.head().tensor().isAlive()).isTrue();
      assertThatThrownBy(() -> Pretrained.load(model.config(), folder.resolve("nothing"), Device.CPU, null)).hasMessageContaining("nothing");
    }
  }

  @Test void failedAllocationFreesWhatWasMade() {
    var model = new Decoder(config(false, LLAMA3));
    var made = new ArrayList<Tensor>();
    assertThatThrownBy(() -> model.allocate((p, shape) -> {
      if (made.size() == 3) {
        throw new DataException("no more");
      }
      made.add(Ops.zeros(DType.F32, Device.CPU, shape));
      return made.getLast();
    })).isInstanceOf(DataException.class);
    assertThat(made).hasSize(3).noneMatch(Tensor::isAlive);
    model.initialize(Device.CPU, DType.F32, Rng.of(0));
    assertThat(logits(model)).hasSize(2 * 3 * 17);
    model.close();
  }
}
