package org.jtorch.tensor.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// The divergence of a student's distributions from a teacher's, and its gradient over the student's logits, in float32 from
/// logits of any type: what distillation is made of. A row of both stays in the processor's cache until it is done.
///
/// With `S = softmax(z / τ)`, `T = softmax(u / τ)` over the tokens that both have, the gradients over z are
///
/// - `Σ T (log T − log S)`, also without its `log T`: `(S − T) / τ`;
/// - `Σ S (log S − log T)`: `S (log S − log T − value) / τ`;
/// - `β KL(T ‖ M) + (1 − β) KL(S ‖ M)` with `M = β T + (1 − β) S`: `(1 − β) S (log S − log M − KL(S ‖ M)) / τ`.
public final class DivergencePass {
  /// Stands for what is not there: e to it is 0, and differences of two of them are.
  private static final float NOTHING = -1e30f;

  /// Which divergence.
  ///
  /// @param beta β; 0 is the first of the three, 1 the second
  /// @param entropy whether the teacher's entropy is part of the value, which makes it a cross-entropy; for β = 0
  /// @param temperature τ
  public record How(double beta, boolean entropy, double temperature) {}

  private DivergencePass() {}

  /// @param logits the student's, `[n, V]`
  /// @param teacher `[n, U]`; of V and U the smaller number counts, and tokens beyond it are out of both distributions
  /// @return the divergence of each row, float32 (float64 of such logits) `[n]`
  public static Tensor values(Tensor logits, Tensor teacher, How how) {
    if (Kernels.fuse(logits, teacher)) {
      return Loops.run(logits, teacher, how, null, 0);
    }
    Tensor s = shared(logits, teacher, how);
    return plain(s, shared(teacher, logits, how).to(s.dtype()), how).values;
  }

  /// The same, and puts the gradient of `Σ weights · value` with respect to the logits before the cap in the place of the logits.
  ///
  /// @param weights float32 `[n]`
  /// @param cap the cap on the logits; infinite for none
  public static Tensor gradient(Tensor logits, Tensor teacher, How how, Tensor weights, double cap) {
    if (Kernels.fuse(logits, teacher)) {
      return Loops.run(logits, teacher, how, weights, cap == Double.POSITIVE_INFINITY ? 0 : (float) (1 / cap));
    }
    Tensor s = shared(logits, teacher, how);
    var found = plain(s, shared(teacher, logits, how).to(s.dtype()), how);
    Tensor d = found.gradient.mul(weights.div(how.temperature).to(s.dtype()).view(-1, 1));
    long both = d.size(1);
    if (cap != Double.POSITIVE_INFINITY) {
      d = d.mul(logits.narrow(1, 0, both).to(d.dtype()).div(cap).square().neg().add(1.0));
    }
    logits.narrow(1, 0, both).copyInPlace(d);
    logits.narrow(1, both, logits.size(1) - both).zeroInPlace();
    return found.values;
  }

  private record Found(Tensor values, Tensor gradient) {}

  private static Found plain(Tensor s, Tensor t, How how) {
    Tensor S = s.exp();
    Tensor T = t.exp();
    if (how.beta == 0) {
      return new Found(T.mul(how.entropy ? s.neg() : t.sub(s)).sum(1, false), S.sub(T));
    }
    if (how.beta == 1) {
      Tensor ratio = s.sub(t);
      Tensor kl = S.mul(ratio).sum(1, true);
      return new Found(kl.squeeze(1), S.mul(ratio.sub(kl)));
    }
    Tensor a = t.add(Math.log(how.beta));
    Tensor b = s.add(Math.log(1 - how.beta));
    Tensor high = a.add(Ops.clampMin(b.sub(a), 0.0));
    Tensor m = a.sub(high).exp().add(b.sub(high).exp()).log().add(high);
    Tensor mine = S.mul(s.sub(m)).sum(1, true);
    Tensor theirs = T.mul(t.sub(m)).sum(1, false);
    return new Found(theirs.mul(how.beta).add(mine.squeeze(1).mul(1 - how.beta)), S.mul(s.sub(m).sub(mine)).mul(1 - how.beta));
  }

  /// Log-probabilities over the tokens that both have.
  private static Tensor shared(Tensor logits, Tensor other, How how) {
    Tensor z = logits.narrow(1, 0, Math.min(logits.size(1), other.size(1)));
    return (z.dtype().isHalf() ? z.to(DType.F32) : z).div(how.temperature).logSoftmax(1);
  }

  private static final class Loops {
    /// @param weights null if no gradient is wanted
    static Tensor run(Tensor logits, Tensor teacher, How how, @Nullable Tensor weights, float inverseCap) {
      int n = (int) logits.size(0);
      long V = logits.size(1);
      long U = teacher.size(1);
      int both = (int) Math.min(V, U);
      Tensor values = Ops.empty(DType.F32, logits.device(), n);
      var z = Mem.of(logits);
      var u = Mem.of(teacher);
      var w = weights == null ? null : Mem.of(weights);
      var out = Mem.of(values);
      float heat = (float) (1 / how.temperature);
      Crew.over(n, 2L * both, (from, to) -> {
        for (int i = from; i < to; i++) {
          var s = Side.of(z, i * V, both, heat);
          var t = Side.of(u, i * U, both, heat);
          float factor = w == null ? Float.NaN : w.get(i) * heat;
          out.set(i, how.beta == 0 ? forward(s, t, how.entropy, factor, inverseCap) : how.beta == 1 ? reverse(s, t, factor, inverseCap)
              : between(s, t, (float) how.beta, factor, inverseCap));
          for (long j = i * V + both; w != null && j < (i + 1) * V; j++) {
            z.set(j, 0);
          }
        }
      });
      return values;
    }

    /// A row of one of the two, with what makes log-probabilities of it.
    private record Side(Mem logits, long row, int n, float heat, float lse) {
      static Side of(Mem logits, long row, int n, float heat) {
        return new Side(logits, row, n, heat, logSum(logits, row, n, heat));
      }

      FloatVector logProbs(int j) {
        return at(logits, row, j, n).mul(heat).sub(lse);
      }

      /// Puts `d · factor` times the cap's slope in the logits' place; nothing if there is no factor.
      void put(int j, FloatVector d, float factor, float inverseCap) {
        var g = d.mul(factor);
        if (inverseCap != 0) {
          var v = at(logits, row, j, n).mul(inverseCap);
          g = g.mul(v.mul(v).neg().add(1f));
        }
        if (j + Mem.LANES <= n) {
          logits.store(row + j, g);
        } else {
          logits.store(row + j, g, n - j);
        }
      }
    }

    /// Elements `[j, j + LANES)` of a row of n; NOTHING behind its end.
    private static FloatVector at(Mem m, long row, int j, int n) {
      if (j + Mem.LANES <= n) {
        return m.load(row + j);
      }
      var few = new float[Mem.LANES];
      Arrays.fill(few, NOTHING);
      for (int i = 0; j + i < n; i++) {
        few[i] = m.get(row + j + i);
      }
      return FloatVector.fromArray(Mem.F, few, 0);
    }

    private static float logSum(Mem m, long row, int n, float heat) {
      var high = FloatVector.broadcast(Mem.F, Float.NEGATIVE_INFINITY);
      for (int j = 0; j < n; j += Mem.LANES) {
        high = high.max(at(m, row, j, n));
      }
      float max = high.reduceLanes(VectorOperators.MAX);
      var sum = FloatVector.zero(Mem.F);
      for (int j = 0; j < n; j += Mem.LANES) {
        sum = sum.add(VectorMath.expOfNegative(at(m, row, j, n).sub(max).mul(heat)));
      }
      return (float) (max * (double) heat + Math.log(VectorMath.sum(sum)));
    }

    /// @param factor of the gradient; NaN if none is wanted
    private static float forward(Side mine, Side theirs, boolean entropy, float factor, float inverseCap) {
      var sum = FloatVector.zero(Mem.F);
      for (int j = 0; j < mine.n; j += Mem.LANES) {
        var s = mine.logProbs(j);
        var t = theirs.logProbs(j);
        var T = VectorMath.expOfNegative(t);
        sum = T.mul(entropy ? s.neg() : t.sub(s)).add(sum);
        if (!Float.isNaN(factor)) {
          mine.put(j, VectorMath.expOfNegative(s).sub(T), factor, inverseCap);
        }
      }
      return VectorMath.sum(sum);
    }

    private static float reverse(Side mine, Side theirs, float factor, float inverseCap) {
      var sum = FloatVector.zero(Mem.F);
      for (int j = 0; j < mine.n; j += Mem.LANES) {
        var s = mine.logProbs(j);
        sum = VectorMath.expOfNegative(s).mul(s.sub(theirs.logProbs(j))).add(sum);
      }
      float kl = VectorMath.sum(sum);
      for (int j = 0; !Float.isNaN(factor) && j < mine.n; j += Mem.LANES) {
        var s = mine.logProbs(j);
        mine.put(j, VectorMath.expOfNegative(s).mul(s.sub(theirs.logProbs(j)).sub(kl)), factor, inverseCap);
      }
      return kl;
    }

    private static float between(Side mine, Side theirs, float beta, float factor, float inverseCap) {
      var own = FloatVector.zero(Mem.F);
      var other = FloatVector.zero(Mem.F);
      for (int j = 0; j < mine.n; j += Mem.LANES) {
        var s = mine.logProbs(j);
        var t = theirs.logProbs(j);
        var above = aboveMixture(s, t, beta);
        own = VectorMath.expOfNegative(s).mul(above).add(own);
        other = VectorMath.expOfNegative(t).mul(above.add(t.sub(s))).add(other);
      }
      float kl = VectorMath.sum(own);
      for (int j = 0; !Float.isNaN(factor) && j < mine.n; j += Mem.LANES) {
        var s = mine.logProbs(j);
        mine.put(j, VectorMath.expOfNegative(s).mul(aboveMixture(s, theirs.logProbs(j), beta).sub(kl)), factor * (1 - beta), inverseCap);
      }
      return beta * VectorMath.sum(other) + (1 - beta) * kl;
    }

    /// log S − log M = −log(1 − β + β e^(t − s)), with e to the negative of the two differences only.
    private static FloatVector aboveMixture(FloatVector s, FloatVector t, float beta) {
      var d = t.sub(s);
      var e = VectorMath.expOfNegative(d.abs().neg());
      var greater = d.compare(VectorOperators.GT, 0f);
      var inside = e.mul(beta).add(1 - beta).blend(e.mul(1 - beta).add(beta), greater);
      var log = VectorMath.log(inside);
      return log.neg().sub(FloatVector.zero(Mem.F).blend(d, greater));
    }
  }
}
