package org.jtorch.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/// Safetensors files put together by hand, good and bad.
final class RawSafeTensors {
  private RawSafeTensors() {}

  static byte[] bytes(String header, int dataBytes) {
    var text = header.getBytes(StandardCharsets.UTF_8);
    var file = ByteBuffer.allocate(8 + text.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(text.length).put(text);
    for (int i = 0; i < dataBytes; i++) {
      file.put((byte) i);
    }
    return file.array();
  }

  static Path file(Path folder, String header, int dataBytes) throws IOException {
    return Files.write(folder.resolve("hand.safetensors"), bytes(header, dataBytes));
  }

  /// A source of `count` U8 elements, all `value`.
  static SafeTensorsWriter.Source fill(int count, int value) {
    var bytes = new byte[count];
    Arrays.fill(bytes, (byte) value);
    return new SafeTensorsWriter.Source("U8", new long[] {count}, () -> MemorySegment.ofArray(bytes));
  }

  /// Three tensors a, b, c of 4, 8 and 16 bytes.
  static SequencedMap<String, SafeTensorsWriter.Source> three() {
    var tensors = new LinkedHashMap<String, SafeTensorsWriter.Source>();
    tensors.put("a", fill(4, 1));
    tensors.put("b", fill(8, 2));
    tensors.put("c", fill(16, 3));
    return tensors;
  }
}
