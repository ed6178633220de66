package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
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
import org.junit.jupiter.params.provider.ValueSource;

class SharedWeightsTest {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";
  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static DecoderConfig config(boolean tied) {
    return Llama.shape(40, 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, tied);
  }

  private static float[] logits(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Tensor.of(1, 5, 2, 16, 0, 7).view(2, 3), Pass.EMPTY).toFloats();
    }
  }

  /// Writes a model with some of its weights under other names; a name that becomes empty is left out.
  private void write(Decoder model, boolean saysTied, UnaryOperator<String> rename, Map<String, String> metadata, long shardBytes) {
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    model.weights().forEach((name, w) -> {
      if (!rename.apply(name).isEmpty()) {
        tensors.put(rename.apply(name), StoredTensor.source(w, DType.F32));
      }
    });
    JsonFile.write(folder.resolve("config.json"), Pretrained.json(config(saysTied), DType.F32));
    SafeTensorsWriter.writeSharded(folder, tensors, metadata, shardBytes);
  }

  private static UnaryOperator<String> rename(String from, String to) {
    return name -> name.equals(from) ? to : name;
  }

  private void loadsAndOpensAs(Decoder model, boolean tied) {
    try (var loaded = Pretrained.load(folder, Device.CPU, null); var opened = Pretrained.open(folder)) {
      assertThat(loaded.config().tied()).isEqualTo(tied);
      assertThat(logits(loaded)).isEqualTo(logits(model));
      assertThat(logits(opened)).isEqualTo(logits(model));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1L << 30, 4000})
  void aTiedMatrixMayBeStoredAsTheHead(long shardBytes) {
    try (var model = Decoder.create(config(true), Device.CPU, DType.F32, Rng.of(3))) {
      write(model, true, rename(EMBEDDING, HEAD), shardBytes > 4000 ? Map.of() : Map.of(EMBEDDING, HEAD), shardBytes);
      loadsAndOpensAs(model, true);
    }
  }

  @Test
  void theMetadataNamesWhatIsShared() {
    try (var model = Decoder.create(config(false), Device.CPU, DType.F32, Rng.of(3))) {
      share(model, HEAD, EMBEDDING);
      share(model, "model.layers.1.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight");
      write(model, false, name -> name.equals(HEAD) || name.equals("model.layers.1.mlp.up_proj.weight") ? "" : name,
          Map.of(HEAD, EMBEDDING, "model.layers.1.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"), 1L << 30);
      loadsAndOpensAs(model, false);
    }
  }

  private static void share(Decoder model, String name, String as) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Objects.requireNonNull(model.weights().get(name)).view().copyInPlace(Objects.requireNonNull(model.weights().get(as)).view());
    }
  }

  @Test
  void aHeadThatDiffersFromTheEmbeddingCountsThoughTheConfigurationTiesThem() {
    try (var model = Decoder.create(config(false), Device.CPU, DType.F32, Rng.of(3))) {
      write(model, true, name -> name, Map.of(), 1L << 30);
      loadsAndOpensAs(model, false);
    }
  }

  @Test
  void aCopyOfTheTiedMatrixIsNoSecondOne() {
    try (var model = Decoder.create(config(false), Device.CPU, DType.F32, Rng.of(3))) {
      share(model, HEAD, EMBEDDING);
      write(model, true, name -> name, Map.of(), 1L << 30);
      loadsAndOpensAs(model, true);
    }
  }

  @Test
  void anotherNameIsNoExcuseForAMissingMatrix() {
    try (var model = Decoder.create(config(false), Device.CPU, DType.F32, Rng.of(3))) {
      write(model, false, rename(EMBEDDING, ""), Map.of(EMBEDDING, "model.wte.weight"), 1L << 30);
    }
    assertThatThrownBy(() -> {
      try (var _ = Pretrained.open(folder)) {
        throw new AssertionError("opened");
      }
    }).isInstanceOf(DataException.class).hasMessageContaining("1 missing, 0 unexpected").hasMessageContaining(EMBEDDING);
  }

  @Test
  void aSharedMatrixOfAnotherShapeIsNamed() {
    try (var model = Decoder.create(config(true), Device.CPU, DType.F32, Rng.of(3))) {
      write(model, true, rename("model.norm.weight", ""), Map.of("model.norm.weight", EMBEDDING), 1L << 30);
    }
    assertThatThrownBy(() -> {
      try (var _ = Pretrained.load(folder, Device.CPU, null)) {
        throw new AssertionError("loaded");
      }
    }).isInstanceOf(DataException.class).hasMessageContaining("1 of the wrong shape").hasMessageContaining("expected [32], found [40, 32]");
  }
}
