package org.jtorch.tensor.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Functions over float32 vectors, to about one unit in the last place, the same on every machine.
final class VectorMath {
  private static final float LN2_HIGH = 0.693359375f;
  private static final float LN2_LOW = -2.12194440e-4f;
  /// Adding it leaves a rounded integer in the low bits of the significand.
  private static final float ROUND = 12_582_912f;
  /// Below, eˣ is 0 for us: smaller than the smallest normal float32.
  private static final float LOWEST = -87.3f;

  // Vectors that are constants: each broadcast in a function counts towards what the compiler inlines into one loop.
  private static final FloatVector ZERO = FloatVector.zero(Mem.F);
  private static final FloatVector ONE = all(1f);
  private static final FloatVector LOG2_E = all(1.44269504f);
  private static final FloatVector ROUNDS = all(ROUND);
  private static final FloatVector MINUS_LN2_HIGH = all(-LN2_HIGH);
  private static final FloatVector MINUS_LN2_LOW = all(-LN2_LOW);
  private static final FloatVector LEAST = all(LOWEST);
  private static final FloatVector E7 = all(1.9875691500e-4f);
  private static final FloatVector E6 = all(1.3981999507e-3f);
  private static final FloatVector E5 = all(8.3334519073e-3f);
  private static final FloatVector E4 = all(4.1665795894e-2f);
  private static final FloatVector E3 = all(1.6666665459e-1f);
  private static final FloatVector E2 = all(5.0000001201e-1f);
  private static final IntVector BIASED = ROUNDS.reinterpretAsInts().sub(127);

  private static final float[] LOG = {-1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
      2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f};

  private static final VectorShuffle<Float>[] HALVES = halves();

  private VectorMath() {}

  private static FloatVector all(float x) {
    return FloatVector.broadcast(Mem.F, x);
  }

  /// The sum of the lanes, always in the same order: the module's own reduction may take another one each time, and a run that
  /// goes on must come to the same bits.
  static float sum(FloatVector v) {
    for (var half : HALVES) {
      v = v.add(v.rearrange(half));
    }
    return v.lane(0);
  }

  /// Brings the upper half of the lanes that are still to be summed down to the lower.
  @SuppressWarnings({"unchecked", "rawtypes"})
  private static VectorShuffle<Float>[] halves() {
    var all = new VectorShuffle[Integer.numberOfTrailingZeros(Mem.LANES)];
    for (int i = 0; i < all.length; i++) {
      int n = Mem.LANES >> i + 1;
      all[i] = VectorShuffle.fromOp(Mem.F, lane -> lane < n ? lane + n : lane);
    }
    return all;
  }

  /// eˣ for x at most 0: softmax and the logistic function need no other. Cody and Waite's reduction, Cephes' polynomial.
  static FloatVector expOfNegative(FloatVector x) {
    var shifted = x.fma(LOG2_E, ROUNDS);
    var n = shifted.sub(ROUNDS);
    var r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
    var p = E7.fma(r, E6).fma(r, E5).fma(r, E4).fma(r, E3).fma(r, E2);
    p = p.fma(r.mul(r), r).add(ONE);
    var exponent = shifted.reinterpretAsInts().sub(BIASED).lanewise(VectorOperators.LSHL, 23);
    return p.mul(exponent.reinterpretAsFloats()).blend(ZERO, x.compare(VectorOperators.LT, LEAST));
  }

  /// log x for x from 1e-38 to 1. Cephes' polynomial.
  static FloatVector log(FloatVector x) {
    var bits = x.reinterpretAsInts();
    var m = bits.lanewise(VectorOperators.AND, 0x007f_ffff).lanewise(VectorOperators.OR, 0x3f00_0000).reinterpretAsFloats();
    var low = m.compare(VectorOperators.LT, 0.70710678f);                       // of m in [0.5, 1)
    m = m.sub(1f).blend(m.add(m).sub(1f), low);
    var e = ((FloatVector) bits.lanewise(VectorOperators.LSHR, 23).sub(126).convert(VectorOperators.I2F, 0));
    e = e.blend(e.sub(1f), low);
    var p = FloatVector.broadcast(Mem.F, 7.0376836292e-2f);
    for (float c : LOG) {
      p = p.fma(m, FloatVector.broadcast(Mem.F, c));
    }
    var z = m.mul(m);
    var y = p.mul(m).mul(z).add(e.mul(LN2_LOW)).sub(z.mul(0.5f));
    return m.add(y).add(e.mul(LN2_HIGH));
  }

  /// 1 / (1 + e⁻ˣ).
  static FloatVector sigmoid(FloatVector x) {
    var e = expOfNegative(x.abs().neg());
    return e.blend(ONE, x.compare(VectorOperators.GE, ZERO)).div(e.add(ONE));
  }

  /// tanh x; near 0 by its series, where the quotient would lose digits.
  static FloatVector tanh(FloatVector x) {
    var e = expOfNegative(x.abs().mul(-2f));
    var large = FloatVector.broadcast(Mem.F, 1f).sub(e).div(e.add(1f));
    var q = x.mul(x);
    var p = q.fma(FloatVector.broadcast(Mem.F, 62f / 2835), FloatVector.broadcast(Mem.F, -17f / 315));
    p = p.fma(q, FloatVector.broadcast(Mem.F, 2f / 15));
    p = p.fma(q, FloatVector.broadcast(Mem.F, -1f / 3));
    var small = p.mul(q).fma(x, x);
    return large.blend(large.neg(), x.compare(VectorOperators.LT, 0f)).blend(small, x.abs().compare(VectorOperators.LT, 0.2f));
  }
}
