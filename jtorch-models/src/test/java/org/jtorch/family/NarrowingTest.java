package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Objects;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.DataException;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NarrowingTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"F32, F16, 65519, true", "F32, F16, 65520, false", "F32, F16, -7e4, false", "BF16, F16, 1e5, false", "F64, F16, 1e300, false",
      "F32, BF16, 3.38e38, true", "F32, BF16, 3.4e38, false", "F64, BF16, 1e39, false", "F64, F32, 1e39, false", "F64, F32, 3.4e38, true",
      "I32, F16, 70000, false", "I32, F16, 60000, true", "F16, F32, 60000, true", "F16, BF16, 60000, true", "BF16, F32, 1e38, true"})
  void aFiniteNumberStaysFiniteOrIsNamed(DType from, DType to, double value, boolean fits) {
    try (var _ = TensorScope.open()) {
      var t = Ops.empty(DType.F64, Device.CPU, 3, 5).fillInPlace(0.5);
      t.select(0, 2).narrow(0, 1, 1).fillInPlace(value);
      var given = t.to(from);
      var converted = given.to(to);
      if (fits) {
        assertThatCode(() -> Narrowing.check("some.weight", given, converted)).doesNotThrowAnyException();
      } else {
        assertThatThrownBy(() -> Narrowing.check("some.weight", given, converted)).isInstanceOf(DataException.class)
            .hasMessageContaining("some.weight").hasMessageContaining(String.valueOf(to)).hasMessageContaining("such as " + from);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"Infinity", "NaN"})
  void whatIsNotFiniteStaysAsItIs(double value) {
    try (var _ = TensorScope.open()) {
      var t = Ops.empty(DType.F32, Device.CPU, 4).fillInPlace(value);
      assertThatCode(() -> Narrowing.check("w", t, t.to(DType.F16))).doesNotThrowAnyException();
      t.narrow(0, 3, 1).fillInPlace(1e9);
      assertThatThrownBy(() -> Narrowing.check("w", t, t.to(DType.F16))).isInstanceOf(DataException.class);
    }
  }

  @Test
  void aModelIsNotLoadedIntoATypeThatCannotHoldIt() {
    var shape = Llama.shape(40, 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3)); var _ = TensorScope.open()) {
      Objects.requireNonNull(model.weights().get("model.layers.0.self_attn.v_proj.weight")).view().select(1, 7).fillInPlace(1e5);
      Pretrained.save(model, folder, DType.F32, null);
    }
    assertThatThrownBy(() -> {
      try (var _ = Pretrained.load(folder, Device.CPU, DType.F16)) {
        throw new AssertionError("loaded");
      }
    }).isInstanceOf(DataException.class).hasMessageContaining("model.layers.0.self_attn.v_proj.weight").hasMessageContaining("100000");
    assertThatCode(() -> {
      try (var _ = Pretrained.load(folder, Device.CPU, DType.BF16)) {
        // opens
      }
    }).doesNotThrowAnyException();
  }

  @Test
  void aMappedWeightOfAnotherTypeIsCheckedToo() {
    var shape = Llama.shape(40, 32, 64, 2, 2, 1, 16, 64, new Rope(10_000, RopeScaling.NONE), 1e-5, true);
    try (var model = Decoder.create(shape, Device.CPU, DType.F32, Rng.of(3)); var _ = TensorScope.open()) {
      String odd = "model.layers.1.mlp.gate_proj.weight";
      Objects.requireNonNull(model.weights().get(odd)).view().select(0, 7).fillInPlace(1e5);
      var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
      model.weights().forEach((name, w) -> tensors.put(name, StoredTensor.source(w, name.equals(odd) ? DType.F32 : DType.F16)));
      JsonFile.write(folder.resolve("config.json"), Pretrained.json(shape, DType.F16));
      SafeTensorsWriter.write(folder.resolve("model.safetensors"), tensors);
      // wide element types come first in our files, so that one decides; asked for another, the model is checked
      assertThatThrownBy(() -> {
        try (var _ = Pretrained.load(folder, Device.CPU, DType.F16)) {
          throw new AssertionError("loaded");
        }
      }).isInstanceOf(DataException.class).hasMessageContaining(odd);
    }
  }
}
