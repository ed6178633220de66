package org.jtorch.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsWriterTest {
  private static final List<String> DTYPES = List.of("U8", "F32", "BOOL", "F16", "BF16", "F64", "I64", "I32", "I16", "I8");

  @TempDir Path folder;

  @Test
  void everyElementTypeComesBackAlignedAndBitEqual() {
    var random = new Random(7);
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    var expected = new LinkedHashMap<String, byte[]>();
    for (var dtype : DTYPES) {
      var bytes = new byte[ElementTypes.size(dtype) * 15];
      random.nextBytes(bytes);
      expected.put("t." + dtype, bytes);
      tensors.put("t." + dtype, new SafeTensorsWriter.Source(dtype, new long[] {3, 5}, () -> MemorySegment.ofArray(bytes)));
    }
    var file = folder.resolve("new/all.safetensors");
    SafeTensorsWriter.write(file, tensors, Map.of("step", "12"));
    try (var weights = SafeTensors.open(file)) {
      assertThat(weights.metadata()).isEqualTo(Map.of("format", "pt", "step", "12"));
      assertThat(weights.entries()).hasSize(DTYPES.size());
      expected.forEach((name, bytes) -> {
        var entry = weights.get(name);
        assertThat(entry.shape()).containsExactly(3, 5);
        assertThat("t." + entry.dtype()).isEqualTo(name);
        assertThat(entry.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        assertThat(entry.bytes().address() % ElementTypes.size(entry.dtype())).isZero();
      });
    }
  }

  @Test
  void headersArePaddedToEightBytesWithSpaces() throws IOException {
    var file = folder.resolve("pad.safetensors");
    SafeTensorsWriter.write(file, RawSafeTensors.three());
    var bytes = Files.readAllBytes(file);
    int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
    assertThat(length % 8).isZero();
    assertThat(new String(bytes, 8, length, StandardCharsets.UTF_8)).matches("\\{.*} *")
        .startsWith("{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}");
  }

  @Test
  void writesNativeSegmentsAndOddOnesInPieces() {
    long count = (8 << 20) / 4 + 3;
    try (var arena = Arena.ofConfined()) {
      var direct = arena.allocate(count * 4, 4);
      direct.set(ValueLayout.JAVA_INT, 4 * (count - 1), 77);
      var heap = new float[(int) count];
      heap[(int) count - 1] = 1.5f;
      var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
      tensors.put("direct", new SafeTensorsWriter.Source("I32", new long[] {count}, () -> direct));
      tensors.put("heap", new SafeTensorsWriter.Source("F32", new long[] {count}, () -> MemorySegment.ofArray(heap)));
      SafeTensorsWriter.write(folder.resolve("big.safetensors"), tensors);
    }
    try (var weights = SafeTensors.open(folder.resolve("big.safetensors"))) {
      assertThat(weights.get("direct").bytes().get(ValueLayout.JAVA_INT, 4 * (count - 1))).isEqualTo(77);
      assertThat(weights.get("heap").bytes().get(ValueLayout.JAVA_FLOAT, 4 * (count - 1))).isEqualTo(1.5f);
    }
  }

  @Test
  void aWrongNumberOfBytesNamesTheTensorAndLeavesNothing() {
    var tensors = RawSafeTensors.three();
    tensors.put("d", new SafeTensorsWriter.Source("F32", new long[] {2}, () -> MemorySegment.ofArray(new byte[7])));
    var file = folder.resolve("wrong.safetensors");
    assertThatThrownBy(() -> SafeTensorsWriter.write(file, tensors)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'d' delivered 7 bytes").hasMessageContaining("F32 [2] needs 8");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aFullDiskKeepsTheOldFileAndNamesTheFreeSpace() throws IOException {
    var file = Files.writeString(folder.resolve("model.safetensors"), "old", StandardCharsets.UTF_8);
    assertThatThrownBy(() -> SafeTensorsWriter.write(file, RawSafeTensors.three(), Map.of(), FullDisk::new))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("model.safetensors").hasMessageContaining("No space left").hasMessageContaining("bytes free");
    assertThat(file).hasContent("old");
    assertThat(folder).isDirectoryContaining(path -> path.equals(file)).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void channelsThatTakeFewBytesGetThemAll() throws IOException {
    var slow = new FullDisk(Files.createFile(folder.resolve("slow")), 1_000_000);
    var writer = new SegmentWriter(slow);
    writer.write(MemorySegment.ofArray(new byte[1000]));
    assertThat(writer.written()).isEqualTo(1000);
    assertThat(slow.taken).isEqualTo(1000);
  }

  @Test
  void badNamesAndShapesAreRefused() {
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    tensors.put("__metadata__", RawSafeTensors.fill(1, 1));
    assertThatThrownBy(() -> SafeTensorsWriter.write(folder.resolve("x.safetensors"), tensors))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("__metadata__");
    assertThatThrownBy(() -> new SafeTensorsWriter.Source("F8", new long[] {1}, () -> MemorySegment.NULL))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("BF16");
    assertThatThrownBy(() -> new SafeTensorsWriter.Source("F64", new long[] {Long.MAX_VALUE}, () -> MemorySegment.NULL))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("overflows");
    assertThatThrownBy(() -> new SafeTensorsWriter.Source("F64", new long[] {-1}, () -> MemorySegment.NULL))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("-1");
  }

  @Test
  void tensorsAreAskedForOneAtATime() {
    var alive = new int[1];
    var most = new int[1];
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    for (int i = 0; i < 3; i++) {
      tensors.put("t" + i, new SafeTensorsWriter.Source("U8", new long[] {4}, () -> {
        most[0] = Math.max(most[0], ++alive[0]);
        return MemorySegment.ofArray(new byte[4]);
      }));
    }
    SafeTensorsWriter.write(folder.resolve("m.safetensors"), tensors, Map.of(), path -> new FullDisk(path, 1 << 20) {
      @Override
      public int write(ByteBuffer from) {
        alive[0] = 0;
        return super.taking(from, 1 << 20);
      }
    });
    assertThat(most[0]).isEqualTo(1);
  }

  /// A disk that takes three bytes at a time and is full after `room` of them.
  static class FullDisk implements WritableByteChannel {
    private final Path file;
    private final int room;
    private int taken;

    FullDisk(Path file) {
      this(file, 100);
    }

    FullDisk(Path file, int room) {
      this.file = file;
      this.room = room;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
      if (taken >= room) {
        throw new IOException("No space left on device");
      }
      return taking(from, 3);
    }

    int taking(ByteBuffer from, int most) {
      int count = Math.min(most, from.remaining());
      from.position(from.position() + count);
      taken += count;
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() throws IOException {
      Files.write(file, new byte[taken]);
    }
  }
}
