package org.jtorch.optim;

import org.jtorch.tensor.Device;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;

/// A flat tensor cut into pieces that stay in the cache of a CPU while several operations go over them.
///
/// @param total elements of the tensor
/// @param size elements of a piece; the last may have fewer
record Pieces(long total, long size) {
  private static final long CPU = 1L << 18;
  private static final long CUDA = 1L << 24;                 // there, launches cost more than memory traffic
  /// Elements of several tensors that one launch takes together.
  static final long TOGETHER = 1L << 26;

  interface Body {
    void accept(long from, long length);
  }

  static Pieces of(Tensor t) {
    return new Pieces(t.numel(), size(t.device()));
  }

  /// Whether a whole tensor should join others in one launch instead of being cut into pieces.
  static boolean together(Tensor t) {
    return t.device().isCuda() && t.numel() <= TOGETHER;
  }

  static long size(Device device) {
    return device.isCuda() ? CUDA : CPU;
  }

  /// Runs `body` for every piece, in a scope each.
  void forEach(Body body) {
    for (long from = 0; from < total; from += size) {
      try (var _ = TensorScope.open()) {
        body.accept(from, Math.min(size, total - from));
      }
    }
  }
}
