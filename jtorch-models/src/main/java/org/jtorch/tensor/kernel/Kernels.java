package org.jtorch.tensor.kernel;

import java.nio.ByteOrder;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;

/// Whether fused passes run here, or their plain twins.
public final class Kernels {
  /// Tensors with fewer elements go to the twin: two calls into libtorch are as quick, and small programs need not wait until
  /// the loops are compiled. The choice looks at shapes alone, so a run always takes the same.
  static final long SMALLEST = 1L << 13;

  /// The same for one new token a row, where a step is made of passes over few elements: about 20 µs of libtorch's operations
  /// or 5 of a pass.
  static final long SMALLEST_STEP = 1L << 11;

  private static final boolean MODULE = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
  private static final boolean WANTED = !System.getProperty("jtorch.kernels", "on").equals("off");

  private Kernels() {}

  /// True if this JVM has the module and nobody switched the passes off (`-Djtorch.kernels=off`).
  public static boolean available() {
    return MODULE && WANTED && ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN && Bits.wide();
  }

  /// What [org.jtorch.tensor.kernel] does on this machine, for people.
  public static String report() {
    return available() ? "fused passes, " + Bits.width() + " bits"
        : !MODULE ? "plain twins (the JVM lacks --add-modules jdk.incubator.vector)"
        : !WANTED ? "plain twins (jtorch.kernels=off)" : "plain twins (this processor has no vectors of 256 bits)";
  }

  /// True if a pass over these tensors should be fused: float32 or bf16 on the CPU, dense, and enough of it.
  static boolean fuse(Tensor... tensors) {
    return fuse(SMALLEST, tensors);
  }

  /// [#fuse] of a forward: x is `[..., T, C]`.
  static boolean fuseForward(Tensor x, Tensor other) {
    return fuse(x.dim() > 2 && x.size(x.dim() - 2) == 1 ? SMALLEST_STEP : SMALLEST, x, other);
  }

  /// @param smallest elements of the largest tensor
  static boolean fuse(long smallest, Tensor... tensors) {
    if (!available()) {
      return false;
    }
    long most = 0;
    for (var t : tensors) {
      if (t.dtype() != DType.F32 && t.dtype() != DType.BF16 || t.device().isCuda() || !t.isContiguous()) {
        return false;
      }
      most = Math.max(most, t.numel());
    }
    return most >= smallest;
  }

  /// Asks the vector module, which may not be there, only when it is.
  private static final class Bits {
    static int width() {
      return jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }

    static boolean wide() {
      return width() >= 256;
    }
  }
}
