package org.jtorch.observe;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Reads event files back, written apart from the writer: its own framing, checksum (bit by bit) and wire format.
final class EventFileReader {
  private EventFileReader() {}

  /// A field of a message: `number` for varint and fixed, `bytes` for the rest.
  @SuppressWarnings("ArrayRecordComponent")
  record Field(int id, long number, byte[] bytes) {
    String text() {
      return new String(bytes, StandardCharsets.UTF_8);
    }

    List<Field> message() {
      return fields(bytes);
    }
  }

  static List<List<Field>> events(Path file) throws IOException {
    var data = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<List<Field>> events = new ArrayList<>();
    while (data.hasRemaining()) {
      byte[] head = take(data, 8);
      expect(data.getInt(), head);
      byte[] body = take(data, (int) ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong());
      expect(data.getInt(), body);
      events.add(fields(body));
    }
    return events;
  }

  static List<Field> fields(byte[] message) {
    var data = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    List<Field> fields = new ArrayList<>();
    while (data.hasRemaining()) {
      long key = varint(data);
      int id = (int) (key >> 3);
      fields.add(switch ((int) (key & 7)) {
        case 0 -> new Field(id, varint(data), new byte[0]);
        case 1 -> new Field(id, data.getLong(), new byte[0]);
        case 2 -> new Field(id, 0, take(data, (int) varint(data)));
        case 5 -> new Field(id, data.getInt(), new byte[0]);
        default -> throw new IllegalStateException("wire type " + (key & 7));
      });
    }
    return fields;
  }

  static Field one(List<Field> fields, int id) {
    return fields.stream().filter(f -> f.id() == id).findFirst().orElseThrow(() -> new AssertionError("no field " + id));
  }

  private static void expect(int masked, byte[] data) {
    int rotated = masked - 0xa282ead8;
    int crc = (rotated >>> 17) | (rotated << 15);
    if (crc != crc32c(data)) {
      throw new AssertionError("checksum");
    }
  }

  static int crc32c(byte[] data) {
    int crc = -1;
    for (byte b : data) {
      crc ^= b & 0xFF;
      for (int i = 0; i < 8; i++) {
        crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82F63B78);
      }
    }
    return ~crc;
  }

  private static long varint(ByteBuffer data) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = data.get();
      value |= (long) (b & 0x7F) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static byte[] take(ByteBuffer data, int count) {
    var bytes = new byte[count];
    data.get(bytes);
    return bytes;
  }
}
