package org.jtorch.tensor.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Log-probabilities of chosen tokens, and the gradient of a function of them over the logits, in float32 from logits of any
/// type: what cross-entropy, preference and policy losses are made of.
///
/// For a row of logits `z` with `lse = log Σ eᶻ`: `log p = z[target] − lse`. The gradient of
/// `Σ a (z[target]) + b Σⱼ zⱼ + c lse` over the rows is `a onehot + b + c P` with `P = eᶻ⁻ˡˢᵉ`; P is never rounded before it is used.
/// A soft cap on the logits, `z = k tanh(u / k)`, multiplies by its slope `1 − (z / k)²`, which gives the gradient of `u`.
public final class TokenPass {
  private TokenPass() {}

  /// What a row of logits says: float32 `[n]` each.
  ///
  /// @param chosen the target's logit
  /// @param lse log Σ eᶻ
  /// @param sum Σ z
  public record Rows(Tensor chosen, Tensor lse, Tensor sum) {
    /// log p of the target. `[n]`
    public Tensor logProbs() {
      return chosen.sub(lse);
    }
  }

  /// @param logits `[n, V]`
  /// @param targets int64 `[n]`
  public static Rows forward(Tensor logits, Tensor targets) {
    if (!Kernels.fuse(logits)) {
      return plain(logits, targets);
    }
    long n = logits.size(0);
    var rows = new Rows(Ops.empty(DType.F32, logits.device(), n), Ops.empty(DType.F32, logits.device(), n),
        Ops.empty(DType.F32, logits.device(), n));
    Loops.forward(logits, targets.toLongs(), rows);
    return rows;
  }

  static Rows plain(Tensor logits, Tensor targets) {
    Tensor t = targets.view(-1, 1);
    Tensor logProb = logits.logSoftmax(1, precise(logits.dtype())).gather(1, t);
    Tensor chosen = logits.gather(1, t).to(logProb.dtype());
    return new Rows(chosen.squeeze(1), chosen.sub(logProb).squeeze(1), logits.sum(1, false, logProb.dtype()));
  }

  /// log Σ eᶻ of each row, also where some logits are so low that they are out of it. float32 (float64 of such logits) `[n]`
  public static Tensor logSum(Tensor logits) {
    return Kernels.fuse(logits) ? forward(logits, Ops.zeros(DType.I64, logits.device(), logits.size(0))).lse : plain(logits, logits.argMax(1)).lse;
  }

  /// Puts the gradient in the place of the logits: `a onehot + b + c P`, times the cap's slope.
  ///
  /// @param logits `[n, V]`, overwritten
  /// @param targets int64 `[n]`
  /// @param lse of [#forward]
  /// @param a float32 `[n]`; so are b and c
  /// @param cap the cap on the logits; infinite for none
  public static void gradient(Tensor logits, Tensor targets, Tensor lse, Tensor a, @Nullable Tensor b, Tensor c, double cap) {
    if (!Kernels.fuse(logits)) {
      logits.copyInPlace(plainGradient(logits, targets, a, b, c, cap));
      return;
    }
    Loops.gradient(logits, targets.toLongs(), lse, a, b, c, cap == Double.POSITIVE_INFINITY ? 0 : (float) (1 / cap));
  }

  static Tensor plainGradient(Tensor logits, Tensor targets, Tensor a, @Nullable Tensor b, Tensor c, double cap) {
    Tensor d = logits.softmax(1, precise(logits.dtype())).mulInPlace(c.view(-1, 1));
    if (b != null) {
      d.addInPlace(b.view(-1, 1));
    }
    Tensor t = targets.view(-1, 1);
    d.scatterInPlace(1, t, d.gather(1, t).add(a.view(-1, 1).to(d.dtype())));
    return cap == Double.POSITIVE_INFINITY ? d : d.mulInPlace(logits.to(d.dtype()).div(cap).square().neg().add(1));
  }

  private static DType precise(DType type) {
    return type.isHalf() ? DType.F32 : type;
  }

  private static final class Loops {
    static void forward(Tensor logits, long[] targets, Rows out) {
      int V = (int) logits.size(1);
      var z = Mem.of(logits);
      var chosen = Mem.of(out.chosen);
      var lse = Mem.of(out.lse);
      var sum = Mem.of(out.sum);
      Crew.over(targets.length, V, (from, to) -> {
        for (int i = from; i < to; i++) {
          long at = (long) i * V;
          chosen.set(i, z.get(at + targets[i]));
          lse.set(i, logSum(z, at, V, sum, i));
        }
      });
    }

    /// log Σ eᶻ of a row; its plain sum goes to `sum[i]`.
    private static float logSum(Mem z, long at, int V, Mem sum, int i) {
      int whole = Mem.whole(V);
      var high = FloatVector.broadcast(Mem.F, Float.NEGATIVE_INFINITY);
      var all = FloatVector.zero(Mem.F);
      for (int c = 0; c < whole; c += Mem.LANES) {
        var v = z.load(at + c);
        high = high.blend(v, v.compare(VectorOperators.GT, high));
        all = all.add(v);
      }
      float max = high.reduceLanes(VectorOperators.MAX);
      double plain = VectorMath.sum(all);
      for (int c = whole; c < V; c++) {
        max = Math.max(max, z.get(at + c));
        plain += z.get(at + c);
      }
      var e = FloatVector.zero(Mem.F);
      for (int c = 0; c < whole; c += Mem.LANES) {
        e = e.add(VectorMath.expOfNegative(z.load(at + c).sub(max)));
      }
      double exps = VectorMath.sum(e);
      for (int c = whole; c < V; c++) {
        exps += Math.exp(z.get(at + c) - max);
      }
      sum.set(i, (float) plain);
      return (float) (max + Math.log(exps));
    }

    static void gradient(Tensor logits, long[] targets, Tensor lses, Tensor as, @Nullable Tensor bs, Tensor cs, float inverseCap) {
      int V = (int) logits.size(1);
      var z = Mem.of(logits);
      var lse = Mem.of(lses);
      var a = Mem.of(as);
      var b = bs == null ? null : Mem.of(bs);
      var c = Mem.of(cs);
      Crew.over(targets.length, V, (from, to) -> {
        for (int i = from; i < to; i++) {
          long hit = (long) i * V + targets[i];
          float of = z.get(hit);
          float base = b == null ? 0 : b.get(i);
          row(z, (long) i * V, V, lse.get(i), base, c.get(i), inverseCap);
          float p = (float) Math.exp(of - lse.get(i));
          z.set(hit, (a.get(i) + base + c.get(i) * p) * (1 - of * inverseCap * (of * inverseCap)));
        }
      });
    }

    private static void row(Mem z, long at, int V, float lse, float b, float c, float inverseCap) {
      int whole = Mem.whole(V);
      boolean capped = inverseCap != 0;
      for (int j = 0; j < whole; j += Mem.LANES) {
        var v = z.load(at + j);
        var d = VectorMath.expOfNegative(v.sub(lse)).mul(c).add(b);
        z.store(at + j, capped ? d.mul(v.mul(inverseCap).mul(v.mul(inverseCap)).neg().add(1f)) : d);
      }
      for (int j = whole; j < V; j++) {
        float v = z.get(at + j);
        z.set(at + j, ((float) Math.exp(v - lse) * c + b) * (1 - v * inverseCap * (v * inverseCap)));
      }
    }
  }
}
