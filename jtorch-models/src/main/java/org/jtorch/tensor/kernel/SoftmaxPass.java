package org.jtorch.tensor.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Attention's softmax over float32 scores with soft cap and mask, and its gradient, in one pass each.
///
/// `P = softmax(c tanh(S / c) + mask)`, `dS = (dP − Σ dP·P) P (1 − tanh²(S / c))`; without a cap the last factor is 1. Rows are
/// queries, several of one point in time next to each other.
public final class SoftmaxPass {
  private SoftmaxPass() {}

  /// What a query may see.
  ///
  /// @param group queries of one point in time: row i stands for time i / group
  /// @param visible keys that the first point in time sees, each later one sees one more; negative if the bias tells
  /// @param bias added to the scores, `[1 or B, n, keys]`; null if `visible` tells
  public record Mask(int group, long visible, @Nullable Tensor bias) {}

  /// @param scores float32 (or float64) `[N, n group, keys]`; holds `tanh(S / c)` afterwards if there is a cap
  /// @param p of the same shape, for the probabilities; may be `scores` where there is no cap
  /// @param cap c; infinite for none
  public static void forward(Tensor scores, Tensor p, Mask mask, double cap) {
    boolean fused = mask.bias == null ? Kernels.fuse(scores, p) : Kernels.fuse(scores, p, mask.bias);
    if (fused) {
      Loops.forward(scores, p, mask, cap == Double.POSITIVE_INFINITY ? 0 : (float) cap);
    } else {
      plain(scores, p, mask, cap);
    }
  }

  static void plain(Tensor scores, Tensor p, Mask mask, double cap) {
    long N = scores.size(0);
    long n = scores.size(1) / mask.group;
    long keys = scores.size(2);
    Tensor s = scores;
    if (cap != Double.POSITIVE_INFINITY) {
      scores.mulInPlace(1 / cap).tanhInPlace();
      s = scores.mul(cap);
    }
    Tensor bias = mask.bias;
    if (bias == null) {
      Tensor late = Ops.arange(0, keys, s.device()).view(1, keys)
          .sub(Ops.arange(0, n, s.device()).view(n, 1)).ge(mask.visible);                  // [n, keys]
      s = s.view(N, n, mask.group, keys).maskedFill(late.unsqueeze(1), Double.NEGATIVE_INFINITY);
    } else {
      long B = bias.size(0);
      s = s.view(B, N / B, n, mask.group, keys).add(bias.view(B, 1, n, 1, keys).to(s.dtype()));
    }
    p.copyInPlace(s.softmax(-1).view(N, n * mask.group, keys));
  }

  /// @param dp `[N, rows, keys]`
  /// @param p the probabilities
  /// @param tanh what [#forward] left in the scores if there is a cap, else null
  /// @param ds of the same shape, for the result; may be `dp`
  public static void backward(Tensor dp, Tensor p, @Nullable Tensor tanh, Tensor ds) {
    if (tanh == null ? Kernels.fuse(dp, p, ds) : Kernels.fuse(dp, p, ds, tanh)) {
      Loops.backward(dp, p, tanh, ds);
    } else {
      Tensor full = dp.dtype().isHalf() ? p.to(DType.F32) : p.to(dp.dtype());
      Tensor g = dp.to(full.dtype());
      Tensor d = g.sub(g.mul(full).sum(2, true)).mul(full);
      ds.copyInPlace(tanh == null ? d : d.sub(d.mul(tanh).mul(tanh)));
    }
  }

  private static final class Loops {
    static void forward(Tensor scores, Tensor ps, Mask mask, float cap) {
      long N = scores.size(0);
      int rows = (int) scores.size(1);
      int keys = (int) scores.size(2);
      int times = rows / mask.group;
      var s = Mem.of(scores);
      var p = Mem.of(ps);
      var bias = mask.bias == null ? null : Mem.of(mask.bias);
      long sharing = mask.bias == null ? 1 : N / mask.bias.size(0);             // batches of scores with the same bias
      Crew.over(N * rows, keys, (from, to) -> {
        var row = new float[Mem.whole(keys + Mem.LANES - 1)];
        for (int i = from; i < to; i++) {
          int time = i % rows / mask.group;
          int seen = bias == null ? (int) Math.clamp(mask.visible + time, 0, keys) : keys;
          float max = read(s, (long) i * keys, seen, cap, bias, (i / rows / sharing * times + time) * keys, row);
          write(p, (long) i * keys, seen, keys, row, 1 / exps(row, seen, max));
        }
      });
    }

    /// Capped and masked scores into `row`, and the highest of them; after the last come very low ones.
    private static float read(Mem s, long at, int seen, float cap, @Nullable Mem bias, long biasAt, float[] row) {
      int whole = Mem.whole(seen);
      var high = FloatVector.broadcast(Mem.F, Float.NEGATIVE_INFINITY);
      for (int j = 0; j < whole; j += Mem.LANES) {
        var v = s.load(at + j);
        if (cap != 0) {
          v = VectorMath.tanh(v.div(cap));
          s.store(at + j, v);
          v = v.mul(cap);
        }
        if (bias != null) {
          v = v.add(bias.load(biasAt + j));
        }
        high = high.blend(v, v.compare(VectorOperators.GT, high));
        v.intoArray(row, j);
      }
      float max = high.reduceLanes(VectorOperators.MAX);
      for (int j = whole; j < seen; j++) {
        float v = s.get(at + j);
        if (cap != 0) {
          v = (float) Math.tanh(v / cap);
          s.set(at + j, v);
          v *= cap;
        }
        row[j] = bias == null ? v : v + bias.get(biasAt + j);
        max = Math.max(max, row[j]);
      }
      Arrays.fill(row, seen, Math.min(row.length, whole + Mem.LANES), Float.NEGATIVE_INFINITY);
      return max;
    }

    private static float exps(float[] row, int seen, float max) {
      var sum = FloatVector.zero(Mem.F);
      for (int j = 0; j < seen; j += Mem.LANES) {
        var e = VectorMath.expOfNegative(FloatVector.fromArray(Mem.F, row, j).sub(max));
        e.intoArray(row, j);
        sum = sum.add(e);
      }
      return VectorMath.sum(sum);
    }

    private static void write(Mem p, long at, int seen, int keys, float[] row, float factor) {
      int whole = Mem.whole(seen);
      for (int j = 0; j < whole; j += Mem.LANES) {
        p.store(at + j, FloatVector.fromArray(Mem.F, row, j).mul(factor));
      }
      for (int j = whole; j < seen; j++) {
        p.set(at + j, row[j] * factor);
      }
      for (int j = seen; j < keys; j++) {
        p.set(at + j, 0);
      }
    }

    static void backward(Tensor dps, Tensor ps, @Nullable Tensor tanhs, Tensor dss) {
      int keys = (int) dps.size(2);
      var dp = Mem.of(dps);
      var p = Mem.of(ps);
      var t = tanhs == null ? null : Mem.of(tanhs);
      var ds = Mem.of(dss);
      Crew.over(dps.numel() / keys, keys, (from, to) -> {
        for (int i = from; i < to; i++) {
          long at = (long) i * keys;
          slope(dp, p, t, ds, at, keys, dot(dp, p, at, keys));
        }
      });
    }

    private static float dot(Mem dp, Mem p, long at, int keys) {
      int whole = Mem.whole(keys);
      var sum = FloatVector.zero(Mem.F);
      for (int j = 0; j < whole; j += Mem.LANES) {
        sum = dp.load(at + j).fma(p.load(at + j), sum);
      }
      float total = VectorMath.sum(sum);
      for (int j = whole; j < keys; j++) {
        total += dp.get(at + j) * p.get(at + j);
      }
      return total;
    }

    private static void slope(Mem dp, Mem p, @Nullable Mem t, Mem ds, long at, int keys, float delta) {
      int whole = Mem.whole(keys);
      for (int j = 0; j < whole; j += Mem.LANES) {
        var d = dp.load(at + j).sub(delta).mul(p.load(at + j));
        if (t != null) {
          var v = t.load(at + j);
          d = d.sub(d.mul(v).mul(v));
        }
        ds.store(at + j, d);
      }
      for (int j = whole; j < keys; j++) {
        float d = (dp.get(at + j) - delta) * p.get(at + j);
        float v = t == null ? 0 : t.get(at + j);
        ds.set(at + j, d - d * v * v);
      }
    }
  }
}
