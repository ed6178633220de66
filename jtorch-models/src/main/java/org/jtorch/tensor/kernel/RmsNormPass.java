package org.jtorch.tensor.kernel;

import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Fused;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Root-mean-square normalization over the last dimension and its gradient (arXiv:1910.07467, eq. 4), in one pass each.
///
/// With `r = rsqrt(mean(x²) + ε)`, `x̂ = x r` and the scale `s`: `y = s ⊙ x̂`, and from `g = s ⊙ dy`:
/// `dx = r (g − x̂ · mean(g ⊙ x̂))`, `ds = Σ dy ⊙ x̂`. All of it in float32 (float64 for float64), rounded once when stored.
/// On CUDA the passes are libtorch's kernels.
public final class RmsNormPass {
  private RmsNormPass() {}

  /// @param y of the asked type and x's shape
  /// @param r float32 `[N, 1]` for the N rows of x
  public record Normed(Tensor y, Tensor r) {}

  /// @param x `[..., C]`
  /// @param scale float32 or float64 `[C]`
  /// @param early rounds x̂ to x's type before it is scaled, as Llama's definition in half precision does; no matter in float32
  /// @param type of the result
  public static Normed forward(Tensor x, Tensor scale, double eps, boolean early, DType type) {
    if (onDevice(x, scale) && !(early && x.dtype().isHalf())) {
      var n = Fused.rmsNorm(x.to(DType.F32), scale, eps);
      return new Normed(n.y().to(type), n.r().reshape(-1, 1));
    }
    if (scale.dtype() != DType.F32 || !Kernels.fuseForward(x, scale) || type != DType.F32 && type != DType.BF16) {
      return plain(x, scale, eps, early, type);
    }
    long C = x.size(x.dim() - 1);
    Tensor y = Ops.empty(type, x.device(), x.shape());
    Tensor r = Ops.empty(DType.F32, x.device(), x.numel() / C, 1);
    Loops.forward(x, scale, y, r, (float) eps, early && x.dtype().isHalf());
    return new Normed(y, r);
  }

  private static boolean onDevice(Tensor x, Tensor scale) {
    return x.device().isCuda() && scale.dtype() == DType.F32 && Fused.available();
  }

  /// The same from libtorch's operations, which autograd differentiates.
  public static Normed plain(Tensor x, Tensor scale, double eps, boolean early, DType type) {
    Tensor f = x.to(scale.dtype());
    Tensor r = f.square().mean(-1, true).add(eps).rsqrt();                                 // [..., 1]
    Tensor n = f.mul(r);
    Tensor hat = early ? n.to(x.dtype()).to(scale.dtype()) : n;
    return new Normed(hat.mul(scale).to(type), r.reshape(-1, 1));
  }

  /// @param dy `[..., C]`, any float type
  /// @param sum float32 like x, to which dx is added; null for a new tensor of x's type
  /// @param ds float32 `[C]`, to which the scale's gradient is added; null if nobody wants it
  /// @return dx, or null if it was added to `sum`
  public static @Nullable Tensor backward(Tensor dy, Tensor x, Tensor r, Tensor scale, @Nullable Tensor sum, @Nullable Tensor ds) {
    Tensor g = dy.contiguous();
    if (scale.dtype() != DType.F32 || !Kernels.fuse(g, x, scale) || sum != null && !Kernels.fuse(sum)) {
      Tensor dx = onDevice(x, scale) ? deviceBackward(g, x, r, scale, ds) : plainBackward(g, x, r, scale, ds);
      if (sum == null) {
        return dx.to(x.dtype());
      }
      sum.addInPlace(dx);
      return null;
    }
    Tensor dx = sum != null ? sum : Ops.emptyLike(x.detach());
    Loops.backward(g, x, r, scale, dx, sum != null, ds);
    return sum == null ? dx : null;
  }

  private static Tensor deviceBackward(Tensor dy, Tensor x, Tensor r, Tensor scale, @Nullable Tensor ds) {
    long C = x.size(x.dim() - 1);
    Tensor[] d = Fused.rmsNormBackward(dy.to(DType.F32).view(-1, C), x.to(DType.F32).view(-1, C), r, scale);
    if (ds != null) {
      ds.addInPlace(d[1]);
    }
    return d[0].view(x.shape());
  }

  static Tensor plainBackward(Tensor dy, Tensor x, Tensor r, Tensor scale, @Nullable Tensor ds) {
    long C = x.size(x.dim() - 1);
    Tensor f = dy.to(scale.dtype()).reshape(-1, C);
    Tensor hat = x.to(scale.dtype()).reshape(-1, C).mul(r);
    if (ds != null) {
      ds.addInPlace(f.mul(hat).sum(0, false));
    }
    Tensor g = f.mul(scale);
    return g.sub(hat.mul(g.mul(hat).mean(-1, true))).mul(r).view(x.shape());
  }

  private static final class Loops {
    static void forward(Tensor xs, Tensor scale, Tensor ys, Tensor rs, float eps, boolean early) {
      int C = (int) xs.size(xs.dim() - 1);
      var x = Mem.of(xs);
      var s = Mem.of(scale);
      var y = Mem.of(ys);
      var r = Mem.of(rs);
      Crew.over(rs.numel(), C, (from, to) -> {
        for (int i = from; i < to; i++) {
          float root = (float) (1 / Math.sqrt(squares(x, (long) i * C, C) / C + eps));
          r.set(i, root);
          scale(x, s, y, (long) i * C, C, root, early);
        }
      });
    }

    private static double squares(Mem x, long at, int C) {
      int whole = Mem.whole(C);
      var a = FloatVector.zero(Mem.F);
      for (int c = 0; c < whole; c += Mem.LANES) {
        var v = x.load(at + c);
        a = v.fma(v, a);
      }
      if (whole < C) {
        var v = x.load(at + whole, C - whole);
        a = v.fma(v, a);
      }
      return VectorMath.sum(a);
    }

    private static void scale(Mem x, Mem s, Mem y, long at, int C, float root, boolean early) {
      int whole = Mem.whole(C);
      for (int c = 0; c < whole; c += Mem.LANES) {
        var hat = x.load(at + c).mul(root);
        y.store(at + c, (early ? Mem.round(hat) : hat).mul(s.precise(c)));
      }
      for (int c = whole; c < C; c++) {
        float hat = x.get(at + c) * root;
        y.set(at + c, (early ? Mem.round(hat) : hat) * s.get(c));
      }
    }

    static void backward(Tensor dys, Tensor xs, Tensor rs, Tensor scale, Tensor dxs, boolean add, @Nullable Tensor ds) {
      int C = (int) xs.size(xs.dim() - 1);
      int N = (int) rs.numel();
      int parts = Crew.chunks(N);
      var dy = Mem.of(dys);
      var x = Mem.of(xs);
      var r = Mem.of(rs);
      var s = Mem.of(scale);
      var dx = Mem.of(dxs);
      var sums = new float[ds == null ? 0 : parts * C];
      Crew.over(parts, (long) N / parts * C, (first, last) -> {
        for (int p = first; p < last; p++) {
          for (int i = part(p, parts, N); i < part(p + 1, parts, N); i++) {
            row(dy, x, s, dx, (long) i * C, C, r.get(i), add);
            if (sums.length > 0) {
              weigh(dy, x, (long) i * C, C, r.get(i), sums, p * C);
            }
          }
        }
      });
      if (ds != null) {
        total(sums, parts, C, Mem.of(ds));
      }
    }

    private static int part(int p, int parts, int N) {
      return (int) ((long) N * p / parts);
    }

    private static void row(Mem dy, Mem x, Mem s, Mem dx, long at, int C, float root, boolean add) {
      int whole = Mem.whole(C);
      float k = -dot(dy, x, s, at, C) * root * root * root / C;             // dx = r g − x r³ Σ(g x) / C
      for (int c = 0; c < whole; c += Mem.LANES) {
        var d = dy.load(at + c).mul(s.precise(c)).mul(root).add(x.load(at + c).mul(k));
        dx.store(at + c, add ? d.add(dx.load(at + c)) : d);
      }
      for (int c = whole; c < C; c++) {
        float d = dy.get(at + c) * s.get(c) * root + x.get(at + c) * k;
        dx.set(at + c, add ? d + dx.get(at + c) : d);
      }
    }

    /// `Σ g x`
    private static float dot(Mem dy, Mem x, Mem s, long at, int C) {
      int whole = Mem.whole(C);
      var a = FloatVector.zero(Mem.F);
      for (int c = 0; c < whole; c += Mem.LANES) {
        a = dy.load(at + c).mul(s.precise(c)).fma(x.load(at + c), a);
      }
      float dot = VectorMath.sum(a);
      for (int c = whole; c < C; c++) {
        dot += dy.get(at + c) * s.get(c) * x.get(at + c);
      }
      return dot;
    }

    private static void weigh(Mem dy, Mem x, long at, int C, float root, float[] sums, int into) {
      int whole = Mem.whole(C);
      for (int c = 0; c < whole; c += Mem.LANES) {
        dy.load(at + c).mul(x.load(at + c).mul(root)).add(FloatVector.fromArray(Mem.F, sums, into + c)).intoArray(sums, into + c);
      }
      for (int c = whole; c < C; c++) {
        sums[into + c] += dy.get(at + c) * (x.get(at + c) * root);
      }
    }

    private static void total(float[] sums, int parts, int C, Mem ds) {
      for (int c = 0; c < C; c++) {
        float sum = ds.get(c);
        for (int p = 0; p < parts; p++) {
          sum += sums[p * C + c];
        }
        ds.set(c, sum);
      }
    }
  }
}
