package org.jtorch.family;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jtorch.io.SafeTensorsWriter.Out;
import org.jtorch.io.SafeTensorsWriter.Source;
import org.jtorch.nn.Weight;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Tensors on their way into a file: written from their own memory, and where the file has another type, or the tensor lies
/// on a device, through a piece of [#PIECE_BYTES] at most. A save of any size needs no more memory than that.
public final class StoredTensor {
  /// The most that is converted, or fetched from a device, at a time.
  public static final long PIECE_BYTES = 8L << 20;

  private StoredTensor() {}

  /// A weight, looked up when its turn comes. A number that `dtype` cannot hold is a [org.jtorch.io.DataException] then.
  public static Source source(Weight weight, DType dtype) {
    return new Source(dtype.name(), weight.shape(), (Out out) -> {
      try (var _ = TensorScope.open()) {
        write(weight.name(), weight.view(), dtype, out);
      }
    });
  }

  /// A tensor, which must live until it is written; `name` is for errors.
  public static Source source(String name, Tensor t, DType dtype) {
    return new Source(dtype.name(), t.shape(), (Out out) -> write(name, t, dtype, out));
  }

  private static void write(String name, Tensor t, DType dtype, Out out) throws IOException {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      rows(name, t.detach(), dtype, out);
    }
  }

  /// What does not lie in one stretch is written row by row.
  private static void rows(String name, Tensor t, DType dtype, Out out) throws IOException {
    if (t.isContiguous() || t.dim() < 2) {
      pieces(name, t.reshape(-1), dtype, out);
      return;
    }
    for (long i = 0; i < t.size(0); i++) {
      try (var _ = TensorScope.open()) {
        rows(name, t.select(0, i), dtype, out);
      }
    }
  }

  private static void pieces(String name, Tensor flat, DType dtype, Out out) throws IOException {
    boolean inPlace = flat.dtype() == dtype && !flat.device().isCuda() && flat.isContiguous();
    long size = inPlace ? Math.max(1, flat.numel()) : PIECE_BYTES / Math.max(flat.dtype().bytes(), dtype.bytes());
    for (long from = 0; from < flat.numel(); from += size) {
      try (var _ = TensorScope.open()) {
        out.write(bytes(name, flat.narrow(0, from, Math.min(size, flat.numel() - from)), dtype));
      }
    }
  }

  private static MemorySegment bytes(String name, Tensor piece, DType dtype) {
    Tensor converted = piece.to(Device.CPU, dtype).contiguous();
    Narrowing.check(name, piece, converted);
    return converted.asSegment();
  }
}
