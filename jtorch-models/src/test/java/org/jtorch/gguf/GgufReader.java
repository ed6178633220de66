package org.jtorch.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Reads GGUF version 3 by its specification, knowing nothing of the writer.
final class GgufReader {
  record Info(String name, List<Long> dims, int type, long offset) {
    long elements() {
      return dims.stream().reduce(1L, Math::multiplyExact);
    }
  }

  final Map<String, Object> metadata = new LinkedHashMap<>();
  final Map<String, Info> tensors = new LinkedHashMap<>();
  private final ByteBuffer in;
  private final int dataStart;

  private GgufReader(ByteBuffer in) {
    this.in = in.order(ByteOrder.LITTLE_ENDIAN);
    if (in.getInt() != 0x46554747 || in.getInt() != 3) {
      throw new IllegalStateException("not GGUF version 3");
    }
    long tensorCount = in.getLong();
    long pairs = in.getLong();
    for (long i = 0; i < pairs; i++) {
      String key = text();
      if (metadata.put(key, value(in.getInt())) != null) {
        throw new IllegalStateException("key twice: " + key);
      }
    }
    for (long i = 0; i < tensorCount; i++) {
      String name = text();
      var dims = new ArrayList<Long>();
      for (int n = in.getInt(); n > 0; n--) {
        dims.add(in.getLong());
      }
      tensors.put(name, new Info(name, dims, in.getInt(), in.getLong()));
    }
    dataStart = (in.position() + 31) / 32 * 32;
    check();
  }

  static GgufReader open(Path file) throws IOException {
    return new GgufReader(ByteBuffer.wrap(Files.readAllBytes(file)));
  }

  /// Tensors follow each other, aligned, to the end of the file.
  private void check() {
    long at = 0;
    for (var t : tensors.values()) {
      if (t.offset() != at) {
        throw new IllegalStateException(t.name() + " begins at " + t.offset() + ", not " + at);
      }
      at = (at + bytes(t) + 31) / 32 * 32;
    }
    if (dataStart + at != in.capacity()) {
      throw new IllegalStateException("the file ends at " + in.capacity() + ", not " + (dataStart + at));
    }
  }

  private static long bytes(Info t) {
    return switch (t.type()) {
      case 0 -> 4 * t.elements();
      case 1 -> 2 * t.elements();
      case 8 -> t.elements() / 32 * 34;
      default -> throw new IllegalStateException("type " + t.type());
    };
  }

  Info tensor(String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  float[] values(String name) {
    var t = tensor(name);
    var values = new float[Math.toIntExact(t.elements())];
    int at = Math.toIntExact(dataStart + t.offset());
    for (int i = 0; i < values.length; i++) {
      values[i] = switch (t.type()) {
        case 0 -> in.getFloat(at + 4 * i);
        case 1 -> Float.float16ToFloat(in.getShort(at + 2 * i));
        default -> Float.float16ToFloat(in.getShort(at + i / 32 * 34)) * in.get(at + i / 32 * 34 + 2 + i % 32);
      };
    }
    return values;
  }

  private String text() {
    var utf8 = new byte[Math.toIntExact(in.getLong())];
    in.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  private Object value(int type) {
    return switch (type) {
      case 4, 5 -> in.getInt();
      case 6 -> in.getFloat();
      case 7 -> in.get() == 1;
      case 8 -> text();
      case 9 -> {
        int of = in.getInt();
        var list = new ArrayList<Object>();
        for (long n = in.getLong(); n > 0; n--) {
          list.add(value(of));
        }
        yield list;
      }
      default -> throw new IllegalStateException("value type " + type);
    };
  }
}
