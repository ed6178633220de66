package org.jtorch.generate;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Pretrained;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Stored cases, and what tests read from them.
final class Fixture {
  private Fixture() {}

  static Path folder(String path) {
    try {
      return Path.of(Objects.requireNonNull(Fixture.class.getResource("/parity/" + path)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // the test closes it
  static Decoder llama() {
    return Pretrained.load(folder("models/llama31"), Device.CPU, null);
  }

  @SuppressWarnings("MustBeClosedChecker")     // the test closes it
  static SafeTensors io(String path) {
    return SafeTensors.open(folder(path).resolve("io.safetensors"));
  }

  static Tensor tensor(SafeTensors io, String name) {
    var entry = io.get(name);
    Tensor t = Ops.empty(DType.valueOf(entry.dtype()), Device.CPU, entry.shape());
    t.asSegment().copyFrom(entry.bytes());
    return t;
  }

  static List<long[]> rows(SafeTensors io, String name) {
    try (var _ = TensorScope.open()) {
      Tensor t = tensor(io, name);
      var rows = new ArrayList<long[]>();
      for (int i = 0; i < t.size(0); i++) {
        rows.add(t.select(0, i).toLongs());
      }
      return rows;
    }
  }

  /// The rows of `ids` without what the mask hides.
  static List<long[]> prompts(SafeTensors io, String run) {
    var ids = rows(io, run + ".input_ids");
    var mask = rows(io, run + ".attention_mask");
    var prompts = new ArrayList<long[]>();
    for (int i = 0; i < ids.size(); i++) {
      long[] row = ids.get(i);
      long[] real = mask.get(i);
      prompts.add(IntStream.range(0, row.length).filter(j -> real[j] == 1).mapToLong(j -> row[j]).toArray());
    }
    return prompts;
  }
}
