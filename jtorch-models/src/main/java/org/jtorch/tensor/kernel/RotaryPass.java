package org.jtorch.tensor.kernel;

import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Takes queries, keys and values apart, rotating queries and keys (arXiv:2104.09864, "rotate half"), and puts their gradients
/// together again, rotated back; in float32 inside.
///
/// B batch, T time, G key-value heads, R queries a key-value head, D head size. Queries that read one key lie next to each
/// other: `[B, G, T, R, D]`.
public final class RotaryPass {
  private RotaryPass() {}

  /// How heads lie in a row of `(G R + 2 G) D`, and the factor of the queries.
  public record Heads(int G, int R, int D, double scale) {
    long width() {
      return ((long) G * R + 2L * G) * D;
    }
  }

  /// q `[B, G, T, R, D]`, k and v `[B, G, T, D]`.
  public record Parts(Tensor q, Tensor k, Tensor v) {}

  /// Cosines and sines of the angles, float32 (or float64) `[1 or B, T, D/2]`.
  public record Angles(Tensor cos, Tensor sin) {
    private boolean precise() {
      return cos.dtype() == DType.F32 && sin.dtype() == DType.F32 && cos.isContiguous() && sin.isContiguous();
    }
  }

  /// @param all queries, keys and values side by side, `[B, T, (G R + 2 G) D]`
  /// @param angles null for no rotation
  /// @param qk the type of q and k
  /// @param v the type of v
  public static Parts split(Tensor all, Heads heads, @Nullable Angles angles, DType qk, DType v) {
    var parts = empty(all, heads, qk, v);
    if (fuse(all, heads, angles, parts)) {
      Loops.move(all, parts, heads, angles, true);
    } else {
      plainSplit(all, heads, angles, parts);
    }
    return parts;
  }

  /// [#split] of one new token a row, all parts of the type of `all`; null where the plain operations are as quick, or all there is.
  public static @Nullable Parts splitStep(Tensor all, Heads heads, @Nullable Angles angles) {
    if (!fits(heads, angles) || !Kernels.fuse(Kernels.SMALLEST_STEP, all)) {
      return null;
    }
    var parts = empty(all, heads, all.dtype(), all.dtype());
    Loops.move(all, parts, heads, angles, true);
    return parts;
  }

  private static Parts empty(Tensor all, Heads heads, DType qk, DType v) {
    long B = all.size(0);
    long T = all.size(1);
    var device = all.device();
    return new Parts(Ops.empty(qk, device, B, heads.G, T, heads.R, heads.D), Ops.empty(qk, device, B, heads.G, T, heads.D),
        Ops.empty(v, device, B, heads.G, T, heads.D));
  }

  /// The gradient of `all` from those of its parts.
  ///
  /// @param type of the result
  public static Tensor join(Parts d, Heads heads, @Nullable Angles angles, DType type) {
    Tensor all = Ops.empty(type, d.q.device(), d.q.size(0), d.q.size(2), heads.width());
    if (fuse(all, heads, angles, d)) {
      Loops.move(all, d, heads, angles, false);
    } else {
      plainJoin(d, heads, angles, all);
    }
    return all;
  }

  private static boolean fuse(Tensor all, Heads heads, @Nullable Angles angles, Parts p) {
    return fits(heads, angles) && Kernels.fuse(all, p.q, p.k, p.v);
  }

  private static boolean fits(Heads heads, @Nullable Angles angles) {
    return heads.D % 32 == 0 && (angles == null || angles.precise());
  }

  static void plainSplit(Tensor all, Heads h, @Nullable Angles angles, Parts into) {
    Tensor x = precise(all.view(all.size(0), all.size(1), -1, h.D));                          // [B, T, G R + 2 G, D]
    Tensor q = rotate(x.narrow(2, 0, (long) h.G * h.R), angles, 1).mul(h.scale);
    into.q.copyInPlace(q.unflatten(2, h.G, h.R).transpose(1, 2));
    into.k.copyInPlace(rotate(x.narrow(2, (long) h.G * h.R, h.G), angles, 1).transpose(1, 2));
    into.v.copyInPlace(x.narrow(2, (long) h.G * h.R + h.G, h.G).transpose(1, 2));
  }

  static void plainJoin(Parts d, Heads h, @Nullable Angles angles, Tensor all) {
    Tensor x = all.view(all.size(0), all.size(1), -1, h.D);
    long queries = (long) h.G * h.R;
    Tensor q = precise(d.q).mul(h.scale).transpose(1, 2).reshape(all.size(0), all.size(1), queries, h.D);
    x.narrow(2, 0, queries).copyInPlace(rotate(q, angles, -1));
    x.narrow(2, queries, h.G).copyInPlace(rotate(precise(d.k).transpose(1, 2), angles, -1));
    x.narrow(2, queries + h.G, h.G).copyInPlace(d.v.transpose(1, 2));
  }

  /// x `[B, T, heads, D]`
  private static Tensor rotate(Tensor x, @Nullable Angles angles, int sign) {
    if (angles == null) {
      return x;
    }
    long half = x.size(3) / 2;
    Tensor a = x.narrow(3, 0, half);
    Tensor b = x.narrow(3, half, half);
    Tensor c = angles.cos.unsqueeze(2).to(x.dtype());
    Tensor s = angles.sin.unsqueeze(2).to(x.dtype()).mul(sign);
    return Ops.cat(3, a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s)));
  }

  private static Tensor precise(Tensor t) {
    return t.dtype().isHalf() ? t.to(DType.F32) : t;
  }

  private static final class Loops {
    /// Every head from where it lies among all of them to where it lies in its part, or back.
    static void move(Tensor alls, Parts parts, Heads h, @Nullable Angles angles, boolean apart) {
      var move = new Move(Mem.of(alls), angles == null ? null : Mem.of(angles.cos), angles == null ? null : Mem.of(angles.sin), h.D, apart);
      var q = Mem.of(parts.q);
      var k = Mem.of(parts.k);
      var v = Mem.of(parts.v);
      int T = (int) parts.q.size(2);
      boolean shared = angles == null || angles.cos.size(0) == 1;
      Crew.over(parts.q.size(0) * T, h.width(), (from, to) -> {
        for (int i = from; i < to; i++) {
          long at = i * h.width();
          long table = (long) (shared ? i % T : i) * (h.D / 2);
          for (int g = 0; g < h.G; g++) {
            long place = ((long) i / T * h.G + g) * T + i % T;
            for (int r = 0; r < h.R; r++) {
              move.turn(at + ((long) g * h.R + r) * h.D, q, (place * h.R + r) * h.D, table, (float) h.scale);
            }
            move.turn(at + ((long) h.G * h.R + g) * h.D, k, place * h.D, table, 1);
            move.scale(at + ((long) h.G * h.R + h.G + g) * h.D, v, place * h.D, 1);
          }
        }
      });
    }

    /// One head between its place among all and its place in a part.
    ///
    /// @param apart from all to the part and rotated forward; else from the part to all and rotated back
    private record Move(Mem all, @Nullable Mem cos, @Nullable Mem sin, int D, boolean apart) {
      void turn(long inAll, Mem part, long inPart, long table, float scale) {
        if (cos == null || sin == null) {
          scale(inAll, part, inPart, scale);
          return;
        }
        Mem x = apart ? all : part;
        Mem y = apart ? part : all;
        long from = apart ? inAll : inPart;
        long to = apart ? inPart : inAll;
        int half = D / 2;
        for (int j = 0; j < half; j += Mem.LANES) {
          var c = cos.precise(table + j).mul(scale);
          var s = sin.precise(table + j).mul(apart ? scale : -scale);
          var a = x.load(from + j);
          var b = x.load(from + half + j);
          y.store(to + j, a.mul(c).sub(b.mul(s)));
          y.store(to + half + j, b.mul(c).add(a.mul(s)));
        }
      }

      void scale(long inAll, Mem part, long inPart, float scale) {
        Mem x = apart ? all : part;
        Mem y = apart ? part : all;
        long from = apart ? inAll : inPart;
        long to = apart ? inPart : inAll;
        for (int j = 0; j < D; j += Mem.LANES) {
          y.store(to + j, x.load(from + j).mul(scale));
        }
      }
    }
  }
}
