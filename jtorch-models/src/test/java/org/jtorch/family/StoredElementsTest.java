package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.io.DataException;
import org.jtorch.io.SafeTensorsWriter.Source;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What lies in files beside the weights, in other types, or in pieces.
@SuppressWarnings("MustBeClosedChecker")
class StoredElementsTest {
  private static final Rope ROPE = new Rope(10_000, RopeScaling.NONE);
  private static final DecoderConfig DENSE = Llama.shape(17, 16, 24, 1, 4, 2, 8, 64, ROPE, 1e-5, true);
  private static final DecoderConfig EXPERTS = Mixtral.shape(17, 16, 1, 4, 2, 8, 64, Span.FULL, Mixtral.experts(4, 2, 24, 0.02));
  @TempDir Path folder = Path.of("");

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static SequencedMap<String, Source> sources(Decoder model) {
    var map = new LinkedHashMap<String, Source>();
    model.weights().forEach((name, w) -> map.put(name, StoredTensor.source(w, DType.F32)));
    return map;
  }

  private static float[] logits(Decoder model) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      return model.apply(Tensor.of(1, 5, 2, 16, 0, 7).view(2, 3), Pass.EMPTY).toFloats();
    }
  }

  @Test void theTypeIsThatOfTheFirstFloatingWeight() {
    try (var model = Decoder.create(DENSE, Device.CPU, DType.F32, Rng.of(3))) {
      var weights = new LinkedHashMap<String, Source>();
      weights.put("model.layers.0.self_attn.rotary_emb.inv_freq",
          new Source("I64", new long[] {1}, () -> MemorySegment.ofArray(new long[1])));
      weights.putAll(sources(model));
      Pretrained.save(model.config(), weights, folder, DType.F32, null);
    }
    try (var loaded = Pretrained.load(folder, Device.CPU, null); var mapped = Pretrained.open(folder)) {
      assertThat(loaded.dtype()).isEqualTo(DType.F32);
      assertThat(logits(mapped)).containsExactly(logits(loaded), within(1e-6f));
    }
  }

  @Test void elementTypesOfOtherProgramsAreNamed() throws IOException {
    try (var model = Decoder.create(DENSE, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(model, folder, DType.F32, null);
    }
    Path file = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("\"F32\"");
    System.arraycopy("\"F8\" ".getBytes(StandardCharsets.ISO_8859_1), 0, bytes, at, 5);
    Files.write(file, bytes);
    long before = TensorScope.stats().nativeObjects();
    for (var open : List.<ThrowingCallable>of(() -> Pretrained.load(folder, Device.CPU, null), () -> Pretrained.open(folder))) {
      assertThatThrownBy(open).isInstanceOf(DataException.class).hasMessageContaining(file.toString()).hasMessageContaining("'F8'")
          .hasMessageContaining("tensor 'model.");
    }
    assertThat(TensorScope.stats().nativeObjects()).isEqualTo(before);
  }

  @Test void anErrorWhileFillingKeepsNothing() {
    var model = new Decoder(DENSE);
    long before = TensorScope.stats().nativeObjects();
    assertThatThrownBy(() -> model.allocate((p, shape) -> {
      if (p == model.parameters().get(2)) {
        throw new OutOfMemoryError("as if");
      }
      return Ops.zeros(DType.F32, Device.CPU, shape);
    })).isInstanceOf(OutOfMemoryError.class);
    assertThat(TensorScope.stats().nativeObjects()).isEqualTo(before);
    model.initialize(Device.CPU, DType.F32, Rng.of(0));
    model.close();
  }

  @Test void expertsAreTheFileItselfAndComputeTheSame() {
    try (var model = Decoder.create(EXPERTS, Device.CPU, DType.F32, Rng.of(3))) {
      Pretrained.save(model, folder, DType.F32, null);
      try (var mapped = Pretrained.open(folder); var _ = TensorScope.open()) {
        mapped.weights().forEach((name, w) -> {
          if (name.contains("experts")) {
            assertThat(w.view().asSegment().isReadOnly()).as(name).isTrue();
          }
        });
        assertThat(logits(mapped)).containsExactly(logits(model), within(1e-6f));
        Tensor ids = Tensor.of(1, 5, 2, 16, 0, 7).view(2, 3);
        assertThat(mapped.apply(ids, Pass.EMPTY).toFloats()).containsExactly(logits(model), within(1e-6f));
        try (var tape = GradTape.open()) {
          assertThat(mapped.apply(ids, Pass.training(tape)).toFloats()).containsExactly(logits(model), within(1e-6f));
        }
      }
    }
  }
}
