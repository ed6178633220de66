package org.jtorch.family;

import org.jtorch.io.DataException;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// Conversions to a type of less range, such as float32 to f16, whose largest number is 65504: a number beyond it would become
/// infinite without a word, and the model say nonsense later. What is not finite already stays as it is.
public final class Narrowing {
  private static final long PIECE = 1L << 21;

  private Narrowing() {}

  /// Compares a tensor with what its conversion to another type made of it.
  ///
  /// @throws DataException naming the tensor and the number
  public static void check(String name, Tensor from, Tensor converted) {
    if (narrows(from.dtype(), converted.dtype()) && converted.numel() > 0) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        pieces(name, from, converted);
      }
    }
  }

  /// A piece at a time, so that a large tensor needs no second memory of its size.
  private static void pieces(String name, Tensor from, Tensor converted) {
    if (converted.numel() <= PIECE) {
      piece(name, from, converted);
      return;
    }
    Tensor before = from.reshape(-1);
    Tensor after = converted.reshape(-1);
    for (long at = 0; at < after.numel(); at += PIECE) {
      try (var _ = TensorScope.open()) {
        long size = Math.min(PIECE, after.numel() - at);
        piece(name, before.narrow(0, at, size), after.narrow(0, at, size));
      }
    }
  }

  private static boolean narrows(DType from, DType to) {
    boolean rounds = to == DType.BF16 && from.bytes() > to.bytes();           // float32's largest numbers become infinite
    return to.isFloating() && (!from.isFloating() || exponentBits(from) > exponentBits(to) || rounds);
  }

  private static int exponentBits(DType type) {
    return switch (type) {
      case F16 -> 5;
      case F64 -> 11;
      default -> 8;
    };
  }

  private static String shortest(double value) {
    return (float) value == value ? Float.toString((float) value) : Double.toString(value);
  }

  private static void piece(String name, Tensor from, Tensor converted) {
    if (Double.isFinite(converted.abs().max().item())) {
      return;
    }
    double[] before = from.toDoubles();
    double[] after = converted.toDoubles();
    for (int i = 0; i < after.length; i++) {
      if (Double.isFinite(before[i]) && Double.isInfinite(after[i])) {
        throw new DataException(name + " holds " + shortest(before[i]) + ", which is beyond the range of " + converted.dtype()
            + (converted.dtype() == DType.F16 ? ", 65504 at most" : "") + "; choose a type that can hold it, such as " + from.dtype());
      }
    }
  }
}
