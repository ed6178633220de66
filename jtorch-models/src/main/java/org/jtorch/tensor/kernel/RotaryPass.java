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
  public record Angles(Tensor cos, Tensor sin) {}

  /// @param all queries, keys and values side by side, `[B, T, (G R + 2 G) D]`
  /// @param angles null for no rotation
  /// @param qk the type of q and k
  /// @param v the type of v
  public static Parts split(Tensor all, Heads heads, @Nullable Angles angles, DType qk, DType v) {
    long B = all.size(0);
    long T = all.size(1);
    var device = all.device();
    var parts = new Parts(Ops.empty(qk, device, B, heads.G, T, heads.R, heads.D), Ops.empty(qk, device, B, heads.G, T, heads.D),
        Ops.empty(v, device, B, heads.G, T, heads.D));
    if (fuse(all, heads, angles, parts)) {
      Loops.split(all, heads, angles, parts);
    } else {
      plainSplit(all, heads, angles, parts);
    }
    return parts;
  }

  /// The gradient of `all` from those of its parts.
  ///
  /// @param type of the result
  public static Tensor join(Parts d, Heads heads, @Nullable Angles angles, DType type) {
    Tensor all = Ops.empty(type, d.q.device(), d.q.size(0), d.q.size(2), heads.width());
    if (fuse(all, heads, angles, d)) {
      Loops.join(d, heads, angles, all);
    } else {
      plainJoin(d, heads, angles, all);
    }
    return all;
  }

  private static boolean fuse(Tensor all, Heads heads, @Nullable Angles angles, Parts p) {
    return heads.D % 32 == 0 && (angles == null ? Kernels.fuse(all, p.q, p.k, p.v)
        : Kernels.fuse(all, p.q, p.k, p.v, angles.cos, angles.sin));
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
    static void split(Tensor alls, Heads h, @Nullable Angles angles, Parts parts) {
      var all = Mem.of(alls);
      var q = Mem.of(parts.q);
      var k = Mem.of(parts.k);
      var v = Mem.of(parts.v);
      long T = parts.q.size(2);
      each(parts, h, angles, (row, b, t, cos, sin, table) -> {
        long at = row * h.width();
        for (int g = 0; g < h.G; g++) {
          long place = ((long) b * h.G + g) * T + t;
          for (int r = 0; r < h.R; r++) {
            turn(all, at + ((long) g * h.R + r) * h.D, q, (place * h.R + r) * h.D, h.D, cos, sin, table, 1, (float) h.scale);
          }
          turn(all, at + ((long) h.G * h.R + g) * h.D, k, place * h.D, h.D, cos, sin, table, 1, 1);
          copy(all, at + ((long) h.G * h.R + h.G + g) * h.D, v, place * h.D, h.D);
        }
      });
    }

    static void join(Parts d, Heads h, @Nullable Angles angles, Tensor alls) {
      var all = Mem.of(alls);
      var q = Mem.of(d.q);
      var k = Mem.of(d.k);
      var v = Mem.of(d.v);
      long T = d.q.size(2);
      each(d, h, angles, (row, b, t, cos, sin, table) -> {
        long at = row * h.width();
        for (int g = 0; g < h.G; g++) {
          long place = ((long) b * h.G + g) * T + t;
          for (int r = 0; r < h.R; r++) {
            turn(q, (place * h.R + r) * h.D, all, at + ((long) g * h.R + r) * h.D, h.D, cos, sin, table, -1, (float) h.scale);
          }
          turn(k, place * h.D, all, at + ((long) h.G * h.R + g) * h.D, h.D, cos, sin, table, -1, 1);
          copy(v, place * h.D, all, at + ((long) h.G * h.R + h.G + g) * h.D, h.D);
        }
      });
    }

    /// One token of a batch row.
    private interface Token {
      void run(long row, int b, int t, @Nullable Mem cos, @Nullable Mem sin, long table);
    }

    private static void each(Parts p, Heads h, @Nullable Angles angles, Token body) {
      int T = (int) p.q.size(2);
      var cos = angles == null ? null : Mem.of(angles.cos);
      var sin = angles == null ? null : Mem.of(angles.sin);
      boolean shared = angles == null || angles.cos.size(0) == 1;
      Crew.over(p.q.size(0) * T, h.width(), (from, to) -> {
        for (int i = from; i < to; i++) {
          body.run(i, i / T, i % T, cos, sin, (long) (shared ? i % T : i) * (h.D / 2));
        }
      });
    }

    private static void turn(Mem x, long from, Mem y, long to, int D, @Nullable Mem cos, @Nullable Mem sin, long table, int sign,
        float scale) {
      if (cos == null || sin == null) {
        for (int j = 0; j < D; j += Mem.LANES) {
          y.store(to + j, x.load(from + j).mul(scale));
        }
        return;
      }
      int half = D / 2;
      for (int j = 0; j < half; j += Mem.LANES) {
        var c = cos.load(table + j).mul(scale);
        var s = sin.load(table + j).mul(sign * scale);
        var a = x.load(from + j);
        var b = x.load(from + half + j);
        y.store(to + j, a.mul(c).sub(b.mul(s)));
        y.store(to + half + j, b.mul(c).add(a.mul(s)));
      }
    }

    private static void copy(Mem x, long from, Mem y, long to, int D) {
      for (int j = 0; j < D; j += Mem.LANES) {
        y.store(to + j, x.load(from + j));
      }
    }
  }
}
