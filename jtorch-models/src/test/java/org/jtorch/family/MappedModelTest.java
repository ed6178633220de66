package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensors;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("MustBeClosedChecker")
class MappedModelTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final DecoderConfig TIED = Llama.shape(17, 16, 24, 2, 4, 2, 8, 64, ROPE, 1e-5, true);
  /// With biases, which are stacked too.
  private static final DecoderConfig BIASED = TIED.withTied(false).withBlocks(
      List.of(new BlockConfig(new Gqa(4, 2, 8, true, true, ROPE, Span.FULL), new Gated(24, Activation.SILU, true))));

  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private void save(DecoderConfig config, DType dtype) {
    try (var model = Decoder.create(config, Device.CPU, DType.F32, Rng.of(3)); var _ = TensorScope.open()) {
      model.weights().forEach((name, w) -> {
        if (name.endsWith("bias")) {
          w.view().copyInPlace(Rng.of(name.length()).normal(0, 1, DType.F32, Device.CPU, w.shape()));
        }
      });
      Pretrained.save(model, folder, dtype, null);
    }
  }

  private static Weight weight(Decoder model, String name) {
    return Objects.requireNonNull(model.weights().get(name), name);
  }

  private static float[] logits(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Tensor.of(1, 5, 2, 16, 0, 7).view(2, 3), Pass.EMPTY).to(DType.F32).toFloats();
    }
  }

  @ParameterizedTest @EnumSource(names = {"F32", "BF16"})
  void aMappedModelComputesWhatALoadedOneDoes(DType dtype) {
    save(BIASED, dtype);
    try (var mapped = Pretrained.open(BIASED, folder); var loaded = Pretrained.load(BIASED, folder, Device.CPU, null)) {
      assertThat(mapped.dtype()).isEqualTo(dtype);
      assertThat(logits(mapped)).containsExactly(logits(loaded), within(dtype == DType.F32 ? 1e-6f : 0.02f));
    }
  }

  @Test void everyMatrixIsTheFileItself() {
    save(BIASED, DType.BF16);
    try (var model = Pretrained.open(BIASED, folder); var _ = TensorScope.open()) {
      assertThat(weight(model, "model.layers.0.self_attn.k_proj.weight").parameter().inPieces()).isTrue();
      model.weights().forEach((name, w) -> assertThat(w.view().asSegment().isReadOnly()).as(name)
          .isEqualTo(!w.parameter().isPrecise() && (name.endsWith("weight") || w.parameter().parts().size() == 1)));
    }
  }

  @Test void viewsHoldTheStoredBytesAndCanBeSavedAgain() throws IOException {
    save(BIASED, DType.F32);
    Path again = Files.createDirectory(folder.resolve("again"));
    try (var model = Pretrained.open(BIASED, folder)) {
      Pretrained.save(model, again, DType.F32, null);
    }
    assertThat(again.resolve("model.safetensors")).hasSameBinaryContentAs(folder.resolve("model.safetensors"));
  }

  @Test void trainingIsRefusedWithTheWayOut() {
    save(TIED, DType.F32);
    try (var model = Pretrained.open(TIED, folder)) {
      assertThatThrownBy(() -> model.requiresGrad(true)).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("mapped file").hasMessageContaining("Pretrained.load(");
      model.requiresGrad(false);
      model.zeroGrad();
      var pieces = weight(model, "model.layers.1.mlp.up_proj.weight").parameter();
      assertThat(pieces.grad()).isNull();
      assertThatThrownBy(pieces::tensor).isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("gate_proj, up_proj").hasMessageContaining("Pretrained.load(");
      try (var _ = TensorScope.open()) {
        var w = weight(model, "model.norm.weight").view();
        assertThatThrownBy(() -> w.addInPlace(w)).isInstanceOf(IllegalStateException.class).hasMessageContaining("read-only");
      }
    }
  }

  /// Shifts the data of a valid file by `shift` bytes, as a foreign writer may leave it.
  private void misalign(int shift) throws IOException {
    Path file = folder.resolve("model.safetensors");
    var bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong(0);
    var text = new String(bytes.array(), 8, length, StandardCharsets.UTF_8).stripTrailing();
    var header = (text + " ".repeat(length - text.length() + shift)).getBytes(StandardCharsets.UTF_8);
    var out = ByteBuffer.allocate(bytes.capacity() + shift).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(file, out.putLong(header.length).put(header).put(bytes.array(), 8 + length, bytes.capacity() - 8 - length).array());
  }

  @ParameterizedTest @ValueSource(ints = {1, 2})
  void whatLiesAskewIsCopied(int shift) throws IOException {
    save(TIED, DType.F32);
    float[] expected;
    try (var model = Pretrained.open(TIED, folder)) {
      expected = logits(model);
    }
    misalign(shift);
    try (var mapped = Pretrained.open(TIED, folder); var loaded = Pretrained.load(TIED, folder, Device.CPU, DType.F32)) {
      try (var _ = TensorScope.open()) {
        assertThat(mapped.head().tensor().asSegment().isReadOnly()).isFalse();
      }
      assertThat(logits(mapped)).containsExactly(expected);
      assertThat(logits(loaded)).containsExactly(expected, within(1e-6f));
    }
  }

  @Test void openingAndClosingLeavesNoNativeObject() {
    save(BIASED, DType.F32);
    long before = 0;
    for (int i = 0; i < 2; i++) {              // the first round makes what lives as long as the process
      before = TensorScope.stats().nativeObjects();
      try (var model = Pretrained.open(BIASED, folder)) {
        assertThat(logits(model)).hasSize(6 * 17);
      }
    }
    assertThat(TensorScope.stats().nativeObjects()).isEqualTo(before);
  }

  @Test void theFileIsUnmappedWithTheModelAndWhenOpeningFails() {
    save(TIED, DType.F32);
    MemorySegment bytes;
    var model = Pretrained.open(TIED, folder);
    try (var _ = TensorScope.open()) {
      bytes = model.head().tensor().asSegment();
    }
    model.close();
    assertThatThrownBy(() -> bytes.get(ValueLayout.JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> Pretrained.open(TIED.withVocab(18), folder)).isInstanceOf(DataException.class)
        .hasMessageContaining("model.embed_tokens.weight");
  }

  @ParameterizedTest @ValueSource(longs = {1, 3_000})
  void shardsHoldTheSameBytesAsOneFile(long shardBytes) throws IOException {
    save(BIASED, DType.BF16);
    Path parts = Files.createDirectory(folder.resolve("parts"));
    try (var model = Pretrained.open(BIASED, folder)) {
      Pretrained.save(model, parts, DType.BF16, null, shardBytes);
    }
    assertThat(parts.resolve("model.safetensors.index.json")).exists();
    try (var one = SafeTensors.open(folder); var many = SafeTensors.open(parts)) {
      assertThat(many.entries().keySet()).containsExactlyInAnyOrderElementsOf(one.entries().keySet());
      one.entries().forEach((name, e) -> assertThat(many.get(name).bytes().mismatch(e.bytes())).as(name).isEqualTo(-1));
    }
    try (var one = Pretrained.open(BIASED, folder); var many = Pretrained.open(BIASED, parts)) {
      assertThat(logits(many)).containsExactly(logits(one));
    }
  }
}
