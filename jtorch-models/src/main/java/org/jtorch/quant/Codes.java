package org.jtorch.quant;

import java.util.List;
import org.jtorch.nn.Linear;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorGroup;
import org.jtorch.tensor.TensorScope;

/// A weight as numbers of 4 bits, two in a byte. What they stand for is computed when it is multiplied with, on a tape once
/// more for the gradient of the input; the weight itself has none.
public abstract class Codes implements Linear.Product, TensorGroup {
  static final int VALUES = 16;
  static final int BYTES = 256;

  /// Bytes of memory.
  public final long bytes() {
    var sum = new long[1];
    forEachTensor(t -> sum[0] += t.bytes());
    return sum[0];
  }

  /// The values, float32. `[out, in]`
  abstract Tensor decode();

  @Override public final Tensor weight() {
    try (var scope = TensorScope.open(); var _ = Grad.off()) {
      return scope.promote(decode());
    }
  }

  @Override public final Tensor multiply(Tensor x, Pass pass) {                        // [..., in]
    GradTape tape = pass.tape();
    if (tape == null) {
      return Ops.linear(x, weight().to(x.dtype()), null);                              // [..., out]
    }
    try (var _ = Grad.off()) {
      Tensor y = Ops.linear(x, weight().to(x.dtype()), null);
      return tape.record(y, new Tensor[] {x}, new Tensor[0], dy -> new Tensor[] {dy.matmul(weight().to(dy.dtype()))});
    }
  }

  /// Pairs of numbers below 16 in one byte each, the first in the upper half. float `[n]`, n even, to uint8 `[n / 2]`
  static Tensor pack(Tensor numbers) {
    Tensor pairs = numbers.view(-1, 2);
    return pairs.select(1, 0).mul(VALUES).add(pairs.select(1, 1)).to(DType.U8);
  }

  /// How many of the sorted bounds are not above each element: the nearest value, if the bounds are half way between values.
  ///
  /// @param bounds 15 numbers, or 15 columns that fit x
  static Tensor count(Tensor x, Tensor... bounds) {
    Tensor n = Ops.zeros(DType.F32, x.device(), x.shape());
    for (Tensor b : bounds) {
      try (var _ = TensorScope.open()) {
        n.addInPlace(b.le(x));
      }
    }
    return n;
  }

  /// For every table and every byte the values of its upper and of its lower half. `[groups, 16]` to `[groups · 256, 2]`
  static Tensor pairs(Tensor tables) {
    long groups = tables.size(0);
    Tensor first = tables.unsqueeze(2).expand(groups, VALUES, VALUES);
    Tensor second = tables.unsqueeze(1).expand(groups, VALUES, VALUES);
    return Ops.stack(3, List.of(first, second)).view(-1, 2);
  }
}
