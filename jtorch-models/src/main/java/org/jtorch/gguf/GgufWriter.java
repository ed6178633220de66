package org.jtorch.gguf;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.io.AtomicFile;

/// Writes GGUF files, version 3: metadata, a table of tensors, their bytes. A few rows are in memory at a time, and the
/// final name only ever holds a whole file.
public final class GgufWriter {
  /// A value of the metadata.
  @SuppressWarnings("ArrayRecordComponent") // written once, never compared
  public sealed interface Value {
    record U32(int value) implements Value {}

    record F32(float value) implements Value {}

    record Bool(boolean value) implements Value {}

    record Text(String value) implements Value {}

    record Texts(List<String> values) implements Value {}

    record Ints(int... values) implements Value {}

    record Floats(float... values) implements Value {}
  }

  /// Writes the elements of a tensor.
  @FunctionalInterface
  public interface Body {
    void write(AtomicFile.Out out) throws IOException;
  }

  /// A tensor to write.
  ///
  /// @param shape as PyTorch has it, the row's length last; the file holds it reversed
  @SuppressWarnings("ArrayRecordComponent") // written once, never compared
  public record Item(String name, GgufType type, long[] shape, Body body) {
    long bytes() {
      long elements = 1;
      for (long size : shape) {
        elements = Math.multiplyExact(elements, size);
      }
      if (shape[shape.length - 1] % type.block != 0) {
        throw new IllegalArgumentException(name + " has rows of " + shape[shape.length - 1] + " elements, which " + type
            + " cannot hold: it needs a multiple of " + type.block);
      }
      return type.bytes(elements);
    }
  }

  private static final int VERSION = 3;
  private static final int ALIGNMENT = 32;
  private static final int U32 = 4;
  private static final int I32 = 5;
  private static final int F32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ByteArrayOutputStream header = new ByteArrayOutputStream();

  private GgufWriter() {}

  /// Replaces `file` in one step.
  ///
  /// @throws org.jtorch.io.DataException if the disk is full or fails
  public static void write(Path file, SequencedMap<String, Value> metadata, List<Item> tensors) {
    byte[] header = new GgufWriter().header(metadata, tensors);
    long bytes = header.length + tensors.stream().mapToLong(t -> padded(t.bytes())).sum();
    AtomicFile.write(file, bytes, out -> {
      out.write(MemorySegment.ofArray(header));
      for (var tensor : tensors) {
        long end = out.position() + tensor.bytes();
        tensor.body().write(out);
        if (out.position() != end) {
          throw new IllegalStateException(tensor.name() + " wrote " + (out.position() - end) + " bytes too many");
        }
        out.write(MemorySegment.ofArray(new byte[(int) (padded(end) - end)]));
      }
    });
  }

  private static long padded(long at) {
    return Math.ceilDiv(at, ALIGNMENT) * ALIGNMENT;
  }

  private byte[] header(SequencedMap<String, Value> metadata, List<Item> tensors) {
    header.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    number(VERSION);
    wide(tensors.size());
    wide(metadata.size());
    metadata.forEach((key, value) -> {
      text(key);
      value(value);
    });
    long offset = 0;
    for (var t : tensors) {
      text(t.name());
      number(t.shape().length);
      for (int i = t.shape().length - 1; i >= 0; i--) {
        wide(t.shape()[i]);
      }
      number(t.type().code);
      wide(offset);
      offset += padded(t.bytes());
    }
    header.writeBytes(new byte[(int) (padded(header.size()) - header.size())]);
    return header.toByteArray();
  }

  private void value(Value value) {
    switch (value) {
      case Value.U32(int v) -> number(U32).number(v);
      case Value.F32(float v) -> number(F32).number(Float.floatToRawIntBits(v));
      case Value.Bool(boolean v) -> number(BOOL).header.write(v ? 1 : 0);
      case Value.Text(String v) -> number(STRING).text(v);
      case Value.Texts(List<String> v) -> {
        number(ARRAY).number(STRING).wide(v.size());
        v.forEach(this::text);
      }
      case Value.Ints(int[] v) -> {
        number(ARRAY).number(I32).wide(v.length);
        for (int i : v) {
          number(i);
        }
      }
      case Value.Floats(float[] v) -> {
        number(ARRAY).number(F32).wide(v.length);
        for (float f : v) {
          number(Float.floatToRawIntBits(f));
        }
      }
    }
  }

  @CanIgnoreReturnValue
  private GgufWriter number(int v) {
    header.writeBytes(ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(v).array());
    return this;
  }

  private void wide(long v) {
    header.writeBytes(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(v).array());
  }

  private void text(String v) {
    byte[] utf8 = v.getBytes(StandardCharsets.UTF_8);
    wide(utf8.length);
    header.writeBytes(utf8);
  }
}
