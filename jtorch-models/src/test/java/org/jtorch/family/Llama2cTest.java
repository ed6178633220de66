package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Llama2cTest {
  private static final int DIM = 8;
  private static final int HIDDEN = 12;
  private static final int LAYERS = 2;
  private static final int KV = 4;
  private static final int VOCAB = 5;
  private static final int CONTEXT = 3;

  @TempDir Path folder;

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  /// Two heads of 4, one key-value head; every weight is its own place in the file.
  private Path file(boolean tied, int extra) throws IOException {
    int floats = VOCAB * DIM + LAYERS * (2 * DIM + 2 * DIM * DIM + 2 * KV * DIM + 3 * DIM * HIDDEN) + DIM + CONTEXT * 4
        + (tied ? 0 : VOCAB * DIM);
    var bytes = ByteBuffer.allocate(28 + 4 * (floats + extra)).order(ByteOrder.LITTLE_ENDIAN);
    for (int v : new int[] {DIM, HIDDEN, LAYERS, 2, 1, tied ? VOCAB : -VOCAB, CONTEXT}) {
      bytes.putInt(v);
    }
    for (int i = 0; i < floats + extra; i++) {
      bytes.putFloat(i);
    }
    return Files.write(folder.resolve("model.bin"), bytes.array());
  }

  @ParameterizedTest @ValueSource(booleans = {true, false})
  void everyWeightComesFromItsPlace(boolean tied) throws IOException {
    try (var model = Llama2c.load(file(tied, 0), Device.CPU, DType.F32); var _ = TensorScope.open()) {
      var weights = model.weights();
      int att = VOCAB * DIM;
      int q = att + LAYERS * DIM;
      assertThat(model.config().maxPositions()).isEqualTo(CONTEXT);
      assertThat(Objects.requireNonNull(weights.get("model.layers.1.input_layernorm.weight")).view().toFloats()[0]).isEqualTo(att + DIM);
      float[] q1 = Objects.requireNonNull(weights.get("model.layers.1.self_attn.q_proj.weight")).view().toFloats();
      int q1At = q + DIM * DIM;
      assertThat(new float[] {q1[0], q1[DIM], q1[2 * DIM], q1[3 * DIM], q1[4 * DIM]}).as("rows 0 2 1 3 of the first head, then 4")
          .containsExactly(q1At, q1At + 2 * DIM, q1At + DIM, q1At + 3 * DIM, q1At + 4 * DIM);
      int down = q + LAYERS * (2 * DIM * DIM + 2 * KV * DIM) + LAYERS * DIM + LAYERS * DIM * HIDDEN;
      assertThat(Objects.requireNonNull(weights.get("model.layers.0.mlp.down_proj.weight")).view().toFloats()[0]).isEqualTo(down);
      int norm = down + 2 * LAYERS * DIM * HIDDEN;
      assertThat(Objects.requireNonNull(weights.get("model.norm.weight")).view().toFloats()[0]).isEqualTo(norm);
      assertThat(weights.containsKey("lm_head.weight")).isEqualTo(!tied);
      assertThat(model.head().tensor().toFloats()[0]).isEqualTo(tied ? 0 : norm + DIM + 4 * CONTEXT);
    }
  }

  @Test void whatIsNoCheckpointIsNamed() throws IOException {
    Path longer = file(true, 1);
    assertThatThrownBy(() -> Llama2c.load(longer, Device.CPU, DType.F32)).isInstanceOf(DataException.class)
        .hasMessageContaining("model.bin has").hasMessageContaining("header asks for");
    Path text = Files.writeString(folder.resolve("text.bin"), "this is only text, but long enough for a header");
    assertThatThrownBy(() -> Llama2c.load(text, Device.CPU, DType.F32)).isInstanceOf(DataException.class)
        .hasMessageContaining("no llama2.c checkpoint");
    assertThatThrownBy(() -> Llama2c.load(folder.resolve("none.bin"), Device.CPU, DType.F32)).isInstanceOf(DataException.class)
        .hasMessageContaining("none.bin");
  }
}
