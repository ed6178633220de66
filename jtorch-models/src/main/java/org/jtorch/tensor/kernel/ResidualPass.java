package org.jtorch.tensor.kernel;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// `x + f` where x is the residual stream, which stays float32, and f what a layer made in its own type.
public final class ResidualPass {
  private ResidualPass() {}

  /// @param x `[..., C]`
  /// @param f of x's shape
  /// @return of x's type
  public static Tensor add(Tensor x, Tensor f) {
    Tensor g = f.contiguous();
    if (!Kernels.fuseForward(x, g)) {
      return plain(x, g);
    }
    Tensor y = Ops.empty(x.dtype(), x.device(), x.shape());
    Loops.add(x, g, y);
    return y;
  }

  /// `sum += f`.
  public static void addInto(Tensor sum, Tensor f) {
    if (Kernels.fuse(sum, f)) {
      Loops.add(sum, f, sum);
    } else {
      sum.addInPlace(f);
    }
  }

  static Tensor plain(Tensor x, Tensor f) {
    return x.dtype() == DType.BF16 ? x.to(DType.F32).add(f).to(DType.BF16) : x.add(f);
  }

  private static final class Loops {
    static void add(Tensor xs, Tensor fs, Tensor ys) {
      var x = Mem.of(xs);
      var f = Mem.of(fs);
      var y = Mem.of(ys);
      int n = Math.toIntExact(xs.numel());
      int step = 64 * Mem.LANES;
      Crew.over((n + step - 1) / step, step, (from, to) -> {
        int end = Math.min(n, to * step);
        int whole = from * step + Mem.whole(end - from * step);
        for (int i = from * step; i < whole; i += Mem.LANES) {
          y.store(i, x.load(i).add(f.load(i)));
        }
        for (int i = whole; i < end; i++) {
          y.set(i, x.get(i) + f.get(i));
        }
      });
    }
  }
}
