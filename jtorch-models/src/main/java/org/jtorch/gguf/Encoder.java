package org.jtorch.gguf;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jtorch.family.Narrowing;
import org.jtorch.io.AtomicFile;
import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Writes a tensor's elements in one of the types of GGUF, some rows at a time.
final class Encoder {
  private static final long ROWS_BYTES = 64L << 20;
  /// From here on f16 rounds to infinity.
  private static final float F16_LIMIT = 65_520;

  private Encoder() {}

  static void write(String name, Tensor t, GgufType type, AtomicFile.Out out) throws IOException {
    long rows = t.dim() == 0 ? 1 : t.size(0);
    long step = Math.max(1, ROWS_BYTES / Math.max(1, t.numel() / rows * Float.BYTES));
    for (long row = 0; row < rows; row += step) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        Tensor part = t.dim() == 0 ? t : t.narrow(0, row, Math.min(step, rows - row));
        part(name, part.detach().to(Device.CPU, DType.F32).contiguous(), type, out);
      }
    }
  }

  private static void part(String name, Tensor t, GgufType type, AtomicFile.Out out) throws IOException {
    switch (type) {
      case F32 -> out.write(t.asSegment());
      case F16 -> {
        Tensor half = t.to(DType.F16);
        Narrowing.check(name, t, half);
        requireFinite(name, half.abs().max().item());
        out.write(half.asSegment());
      }
      case Q8_0 -> {
        try (var arena = Arena.ofConfined()) {
          var blocks = arena.allocate(GgufType.Q8_0.bytes(t.numel()), 64);
          quantize(name, t.asSegment(), blocks);
          out.write(blocks);
        }
      }
    }
  }

  private static void requireFinite(String name, double largest) {
    if (!Double.isFinite(largest)) {
      throw new DataException(name + " holds infinities or what is not a number; a model with them cannot compute: get it anew");
    }
  }

  /// Blocks of 32: the scale `max|x| / 127` in f16, then `round(x / scale)` with the scale before its rounding, as ggml's
  /// reference has it. values float32 `[32 n]`; blocks `[34 n]` bytes
  static void quantize(String name, MemorySegment values, MemorySegment blocks) {
    long to = 0;
    for (long from = 0; from < values.byteSize(); from += 32L * Float.BYTES) {
      float max = 0;
      for (int i = 0; i < 32; i++) {
        max = Math.max(max, Math.abs(values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + (long) i * Float.BYTES)));
      }
      requireFinite(name, max);
      float scale = max / 127;
      if (scale >= F16_LIMIT) {
        throw new DataException(name + " holds " + max + ": the scale of its block is beyond the range of f16; choose f32");
      }
      float inverse = scale == 0 ? 0 : 1 / scale;
      blocks.set(ValueLayout.JAVA_SHORT_UNALIGNED, to, Float.floatToFloat16(scale));
      for (int i = 0; i < 32; i++) {
        float x = values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, from + (long) i * Float.BYTES) * inverse;
        blocks.set(ValueLayout.JAVA_BYTE, to + 2 + i, (byte) (x < 0 ? x - 0.5f : x + 0.5f));   // halves away from zero
      }
      to += 34;
    }
  }
}
