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

  /// Over blocks of a row in float32, read and written by loops of their own: loading, the activation's slope and rounding in one loop
  /// are more than the compiler inlines, and then each vector becomes an object.
  private static final class Loops {
    /// Elements of a block: a few of them stay in the nearest cache. A multiple of every vector's length.
    private static final int BLOCK = 512;

    static void forward(Gate gate, Tensor boths, Tensor as) {
      int F = (int) as.size(as.dim() - 1);
      var both = Mem.of(boths);
      var a = Mem.of(as);
      Crew.over(as.numel() / F, F, (from, to) -> {
        var g = new float[BLOCK];
        var u = new float[BLOCK];
        for (int i = from; i < to; i++) {
          for (int c = 0; c < F; c += BLOCK) {
            int n = Math.min(BLOCK, F - c);
            both.readBlock(2L * i * F + c, n, g);
            both.readBlock(2L * i * F + F + c, n, u);
            if (gate == Gate.SILU) {
              silu(g, u, n);
            } else {
              gelu(g, u, n);
            }
            a.writeBlock((long) i * F + c, n, g);
          }
        }
      });
    }

    /// `g = act(g) ⊙ u`
    private static void silu(float[] gs, float[] us, int n) {
      for (int c = 0; c < n; c += Mem.LANES) {
        var g = at(gs, c);
        g.mul(VectorMath.sigmoid(g)).mul(at(us, c)).intoArray(gs, c);
      }
    }

    private static void gelu(float[] gs, float[] us, int n) {
      for (int c = 0; c < n; c += Mem.LANES) {
        var g = at(gs, c);
        g.mul(0.5f).mul(inner(g).add(1f)).mul(at(us, c)).intoArray(gs, c);
      }
    }

    private static FloatVector inner(FloatVector g) {
      return VectorMath.tanh(g.mul(g).mul(CUBE).add(1f).mul(g).mul(ROOT));
    }

    private static FloatVector at(float[] block, int c) {
      return FloatVector.fromArray(Mem.F, block, c);
    }

    static void backward(Gate gate, Tensor das, Tensor boths, Tensor ds) {
      int F = (int) das.size(das.dim() - 1);
      var both = Mem.of(boths);
      var da = Mem.of(das);
      var d = Mem.of(ds);
      Crew.over(das.numel() / F, 2L * F, (from, to) -> {
        var g = new float[BLOCK];
        var u = new float[BLOCK];
        var along = new float[BLOCK];
        for (int i = from; i < to; i++) {
          for (int c = 0; c < F; c += BLOCK) {
            int n = Math.min(BLOCK, F - c);
            both.readBlock(2L * i * F + c, n, g);
            both.readBlock(2L * i * F + F + c, n, u);
            da.readBlock((long) i * F + c, n, along);
            if (gate == Gate.SILU) {
              siluSlopes(g, u, along, n);
            } else {
              geluSlopes(g, u, along, n);
            }
            d.writeBlock(2L * i * F + c, n, g);
            d.writeBlock(2L * i * F + F + c, n, u);
          }
        }
      });
    }

    /// `g = act'(g) ⊙ da ⊙ u` and `u = act(g) ⊙ da`, with `act' = σ (1 + g − g σ)`
    private static void siluSlopes(float[] gs, float[] us, float[] das, int n) {
      for (int c = 0; c < n; c += Mem.LANES) {
        var g = at(gs, c);
        var da = at(das, c);
        var s = VectorMath.sigmoid(g);
        var a = g.mul(s);
        da.mul(at(us, c)).mul(s.mul(g.sub(a).add(1f))).intoArray(gs, c);
        da.mul(a).intoArray(us, c);
      }
    }

    private static void geluSlopes(float[] gs, float[] us, float[] das, int n) {
      for (int c = 0; c < n; c += Mem.LANES) {
        var g = at(gs, c);
        var da = at(das, c);
        var t = inner(g);
        da.mul(at(us, c)).mul(geluSlope(g, t)).intoArray(gs, c);
        da.mul(g.mul(0.5f).mul(t.add(1f))).intoArray(us, c);
      }
    }

    /// `(1 + t) / 2 + x (1 − t²) √(2/π) (1 + 3 · 0.044715 x²) / 2` with `t` the inner tanh.
    private static FloatVector geluSlope(FloatVector x, FloatVector t) {
      var inner = x.mul(x).mul(3 * CUBE).add(1f).mul(ROOT);
      return t.add(1f).mul(0.5f).add(x.mul(0.5f).mul(inner).mul(t.mul(t).neg().add(1f)));
    }
  }
}
