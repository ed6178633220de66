package org.jtorch.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jtorch.io.SafeTensors;
import org.jtorch.io.SafeTensorsWriter;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StoredTensorTest {
  private static final int COUNT = (int) (StoredTensor.PIECE_BYTES / 4 * 2 + 5);

  /// What a file would get: every piece's size and address, and all bytes.
  private record Written(List<MemorySegment> pieces, byte[] bytes) {}

  private static Written write(Tensor t, DType dtype) throws IOException {
    var pieces = new ArrayList<MemorySegment>();
    var all = ByteBuffer.allocate((int) (t.numel() * dtype.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    StoredTensor.source("t", t, dtype).content().writeTo(piece -> {
      pieces.add(MemorySegment.ofAddress(piece.address()).reinterpret(piece.byteSize()));
      all.put(piece.toArray(ValueLayout.JAVA_BYTE));
    });
    assertThat(all.remaining()).isZero();
    return new Written(pieces, all.array());
  }

  @ParameterizedTest @EnumSource(names = {"F16", "BF16", "F64"})
  void convertsPieceByPiece(DType dtype) throws IOException {
    try (var _ = TensorScope.open()) {
      Tensor t = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, COUNT);
      TensorScope.resetPeak();
      int before = TensorScope.stats().live();
      var written = write(t, dtype);
      assertThat(TensorScope.stats().peak() - before).isLessThanOrEqualTo(7);       // views, one converted piece, the check of its range
      assertThat(written.pieces).hasSizeGreaterThan(2).allMatch(p -> p.byteSize() <= StoredTensor.PIECE_BYTES);
      byte[] expected = t.to(dtype).asSegment().toArray(ValueLayout.JAVA_BYTE);
      assertThat(written.bytes).isEqualTo(expected);
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @Test void inTheSameTypeItsOwnMemoryIsWritten() throws IOException {
    try (var _ = TensorScope.open()) {
      Tensor t = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 3, COUNT);
      long address = t.asSegment().address();
      var written = write(t.narrow(0, 1, 2), DType.F32);
      assertThat(written.pieces).singleElement().extracting(MemorySegment::address).isEqualTo(address + 4L * COUNT);
    }
  }

  @Test void whatLiesAcrossOrIsEmptyComesOutInOrder() throws IOException {
    try (var _ = TensorScope.open()) {
      Tensor t = Rng.of(1).normal(0, 1, DType.F32, Device.CPU, 5, 3, 4);
      for (var odd : List.of(t.permute(2, 0, 1), t.narrow(1, 1, 2), t.select(2, 1).select(1, 0), t.narrow(0, 2, 0))) {
        assertThat(write(odd, DType.F32).bytes).isEqualTo(odd.contiguous().asSegment().toArray(ValueLayout.JAVA_BYTE));
      }
      assertThat(write(Ops.full(2.5, DType.F32, Device.CPU), DType.F32).bytes).hasSize(4);
    }
  }

  /// The Java heap, and with it all memory that only a collection frees, is smaller than each of these tensors.
  @Test void aModelLargerThanJavasMemoryIsSaved(@TempDir Path folder) throws IOException, InterruptedException {
    Path errors = folder.resolve("err.txt");
    var command = List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx40m", "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-cp", System.getProperty("java.class.path"),
        SaveMain.class.getName(), folder.toString());
    var process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(errors.toFile()).start();
    boolean done = process.waitFor(120, TimeUnit.SECONDS);
    if (!done) {
      process.destroyForcibly();
    }
    assertThat(done).isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    try (var stored = SafeTensors.open(folder.resolve("big.safetensors"))) {
      assertThat(stored.get("half").bytes().byteSize()).isGreaterThan(40L << 20).isEqualTo(stored.get("same").bytes().byteSize() / 2);
      assertThat(stored.get("half").bytes().get(ValueLayout.JAVA_SHORT, SaveMain.COUNT * 2L - 2)).isEqualTo((short) 0x3FC0);   // 1.5
      assertThat(stored.get("same").bytes().get(ValueLayout.JAVA_FLOAT, SaveMain.COUNT * 4L - 4)).isEqualTo(1.5f);
    }
  }

  /// Saves two tensors of 100 MB, one of them in half of that, in a JVM of 40 MB.
  static final class SaveMain {
    static final int COUNT = 25_000_000;

    public static void main(String[] args) {
      try (var _ = TensorScope.open()) {
        Tensor t = Ops.full(1.5, DType.F32, Device.CPU, COUNT);
        var sources = new LinkedHashMap<String, SafeTensorsWriter.Source>();
        sources.put("same", StoredTensor.source("t", t, DType.F32));
        sources.put("half", StoredTensor.source("t", t, DType.BF16));
        SafeTensorsWriter.write(Path.of(args[0], "big.safetensors"), sources);
      }
    }
  }
}
