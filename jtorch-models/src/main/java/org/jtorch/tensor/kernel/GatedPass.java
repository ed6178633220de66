package org.jtorch.tensor.kernel;

import jdk.incubator.vector.FloatVector;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Gated activations `a = act(g) ⊙ u` of gate and up side by side, and their gradient, in one pass each (arXiv:2002.05202).
///
/// `dg = act'(g) ⊙ da ⊙ u` and `du = act(g) ⊙ da` go into one tensor, which is the gradient of the product of gate and up.
public final class GatedPass {
  private static final float ROOT = 0.7978845608f;                             // √(2/π)
  private static final float CUBE = 0.044715f;

  /// What is done to the gate.
  public enum Gate {
    /// `x σ(x)`
    SILU,
    /// `x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`
    GELU_TANH
  }

  private GatedPass() {}

  /// @param both gate and up, `[..., 2F]`
  /// @return `[..., F]` of the same type
  public static Tensor forward(Gate gate, Tensor both) {
    if (!Kernels.fuse(both)) {
      return plain(gate, both);
    }
    long[] shape = both.shape();
    shape[shape.length - 1] /= 2;
    Tensor a = Ops.empty(both.dtype(), both.device(), shape);
    Loops.forward(gate, both, a);
    return a;
  }

  static Tensor plain(Gate gate, Tensor both) {
    if (rounded(both)) {
      return act(gate, half(both, 0)).mul(half(both, 1));
    }
    Tensor g = precise(half(both, 0));
    return act(gate, g).mul(half(both, 1)).to(both.dtype());
  }

  private static Tensor act(Gate gate, Tensor g) {
    return gate == Gate.SILU ? Ops.silu(g) : Ops.geluTanh(g);
  }

  /// On CUDA each operation rounds to the type, as under PyTorch's autocast: half the launches, which cost more than the arithmetic.
  private static boolean rounded(Tensor both) {
    return both.device().isCuda() && both.dtype().isHalf();
  }

  /// @param da `[..., F]`
  /// @return the gradient of `both`, `[..., 2F]`
  public static Tensor backward(Gate gate, Tensor da, Tensor both) {
    Tensor g = da.contiguous();
    if (!Kernels.fuse(g, both)) {
      return plainBackward(gate, g, both);
    }
    Tensor d = Ops.emptyLike(both.detach());
    Loops.backward(gate, g, both, d);
    return d;
  }

  static Tensor plainBackward(Gate gate, Tensor da, Tensor both) {
    Tensor x = rounded(both) ? both : precise(both);
    Tensor d = Ops.empty(x.dtype(), x.device(), x.shape());
    Tensor g = half(x, 0);
    Tensor along = da.mul(half(x, 1));
    if (gate == Gate.SILU) {
      Ops.siluBackwardInto(half(d, 0), along, g);
    } else {
      Ops.geluBackwardInto(half(d, 0), along, g, "tanh");
    }
    Ops.mulInto(half(d, 1), da, act(gate, g));
    return d.to(both.dtype());
  }

  private static Tensor half(Tensor both, int which) {
    long F = both.size(both.dim() - 1) / 2;
    return both.narrow(both.dim() - 1, which * F, F);
  }

  private static Tensor precise(Tensor t) {
    return t.dtype().isHalf() ? t.to(DType.F32) : t;
  }

  private static final class Loops {
    static void forward(Gate gate, Tensor boths, Tensor as) {
      int F = (int) as.size(as.dim() - 1);
      int whole = Mem.whole(F);
      var both = Mem.of(boths);
      var a = Mem.of(as);
      Crew.over(as.numel() / F, F, (from, to) -> {
        for (int i = from; i < to; i++) {
          long g = 2L * i * F;
          long y = (long) i * F;
          for (int c = 0; c < whole; c += Mem.LANES) {
            a.store(y + c, act(gate, both.load(g + c)).mul(both.load(g + F + c)));
          }
          if (whole < F) {
            int n = F - whole;
            a.store(y + whole, act(gate, both.load(g + whole, n)).mul(both.load(g + F + whole, n)), n);
          }
        }
      });
    }

    private static FloatVector act(Gate gate, FloatVector g) {
      return gate == Gate.SILU ? g.mul(VectorMath.sigmoid(g)) : g.mul(0.5f).mul(inner(g).add(1f));
    }

    private static FloatVector inner(FloatVector g) {
      return VectorMath.tanh(g.mul(g).mul(CUBE).add(1f).mul(g).mul(ROOT));
    }

    static void backward(Gate gate, Tensor das, Tensor boths, Tensor ds) {
      int F = (int) das.size(das.dim() - 1);
      int whole = Mem.whole(F);
      var both = Mem.of(boths);
      var da = Mem.of(das);
      var d = Mem.of(ds);
      Crew.over(das.numel() / F, 2L * F, (from, to) -> {
        for (int i = from; i < to; i++) {
          long g = 2L * i * F;
          long y = (long) i * F;
          for (int c = 0; c < whole; c += Mem.LANES) {
            var gate1 = both.load(g + c);
            var up = both.load(g + F + c);
            var along = da.load(y + c);
            if (gate == Gate.SILU) {
              var s = VectorMath.sigmoid(gate1);
              var a = gate1.mul(s);
              d.store(g + c, along.mul(up).mul(s.mul(gate1.sub(a).add(1f))));   // σ (1 + g − g σ)
              d.store(g + F + c, along.mul(a));
            } else {
              var t = inner(gate1);
              d.store(g + c, along.mul(up).mul(geluSlope(gate1, t)));
              d.store(g + F + c, along.mul(gate1.mul(0.5f).mul(t.add(1f))));
            }
          }
          if (whole < F) {
            rest(gate, both, da, d, g, y, F, whole);
          }
        }
      });
    }

    private static void rest(Gate gate, Mem both, Mem da, Mem d, long g, long y, int F, int at) {
      int n = F - at;
      var gate1 = both.load(g + at, n);
      var along = da.load(y + at, n);
      var t = gate == Gate.SILU ? VectorMath.sigmoid(gate1) : inner(gate1);
      var slope = gate == Gate.SILU ? t.mul(gate1.sub(gate1.mul(t)).add(1f)) : geluSlope(gate1, t);
      d.store(g + at, along.mul(both.load(g + F + at, n)).mul(slope), n);
      d.store(g + F + at, along.mul(act(gate, gate1)), n);
    }

    /// `(1 + t) / 2 + x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²) / 2` with `t` the inner tanh.
    private static FloatVector geluSlope(FloatVector x, FloatVector t) {
      var inner = x.mul(x).mul(3 * CUBE).add(1f).mul(ROOT);
      return t.add(1f).mul(0.5f).add(x.mul(0.5f).mul(inner).mul(t.mul(t).neg().add(1f)));
    }
  }
}
