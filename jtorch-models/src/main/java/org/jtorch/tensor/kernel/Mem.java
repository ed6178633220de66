package org.jtorch.tensor.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.UnsafeJavaCpp;

/// The numbers of a dense CPU tensor as float32 vectors, whether they are stored as float32 or as bf16: widened by a shift
/// when read, rounded to nearest even when written.
///
/// All threads may use it; the caller keeps the tensor alive meanwhile.
record Mem(MemorySegment at, boolean half) {
  static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  static final int LANES = F.length();
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
  private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  // As constants, for each broadcast counts towards what the compiler inlines into one loop.
  private static final IntVector ONE = IntVector.broadcast(I, 1);
  private static final IntVector BELOW_HALF = IntVector.broadcast(I, 0x7fff);
  private static final IntVector HIGH = IntVector.broadcast(I, 0xffff_0000);
  private static final IntVector NAN = IntVector.broadcast(I, 0x7fc0_0000);

  static Mem of(Tensor t) {
    try (var p = UnsafeJavaCpp.borrow(t).data_ptr()) {
      return new Mem(MemorySegment.ofAddress(p.address()).reinterpret(t.bytes()), t.dtype() == DType.BF16);
    }
  }

  /// The last multiple of a vector's length that is not beyond `n`.
  static int whole(int n) {
    return n - n % LANES;
  }

  /// Elements `[i, i + LANES)`.
  FloatVector load(long i) {
    return half ? widen(ShortVector.fromMemorySegment(S, at, 2 * i, ORDER)) : FloatVector.fromMemorySegment(F, at, 4 * i, ORDER);
  }

  /// [#load] of a tensor that is float32 for sure: half of what there is to compile.
  FloatVector precise(long i) {
    return FloatVector.fromMemorySegment(F, at, 4 * i, ORDER);
  }

  /// Elements `[i, i + n)` with n below LANES, then zeros.
  FloatVector load(long i, int n) {
    var few = new float[LANES];
    for (int j = 0; j < n; j++) {
      few[j] = get(i + j);
    }
    return FloatVector.fromArray(F, few, 0);
  }

  void store(long i, FloatVector v) {
    if (half) {
      narrow(v).intoMemorySegment(at, 2 * i, ORDER);
    } else {
      v.intoMemorySegment(at, 4 * i, ORDER);
    }
  }

  /// The first `n` elements of v.
  void store(long i, FloatVector v, int n) {
    for (int j = 0; j < n; j++) {
      set(i + j, v.lane(j));
    }
  }

  /// Elements `[i, i + n)` into the first places of a block.
  void readBlock(long i, int n, float[] block) {
    int whole = whole(n);
    for (int c = 0; c < whole; c += LANES) {
      load(i + c).intoArray(block, c);
    }
    for (int c = whole; c < n; c++) {
      block[c] = get(i + c);
    }
  }

  /// The first places of a block into elements `[i, i + n)`.
  void writeBlock(long i, int n, float[] block) {
    int whole = whole(n);
    for (int c = 0; c < whole; c += LANES) {
      store(i + c, FloatVector.fromArray(F, block, c));
    }
    for (int c = whole; c < n; c++) {
      set(i + c, block[c]);
    }
  }

  float get(long i) {
    return half ? Float.intBitsToFloat(at.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i) << 16) : at.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
  }

  void set(long i, float v) {
    if (half) {
      at.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, (short) (bits(v) >>> 16));
    } else {
      at.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, v);
    }
  }

  /// v rounded to bf16, still as float32.
  static FloatVector round(FloatVector v) {
    return rounded(v).and(HIGH).reinterpretAsFloats();
  }

  /// v rounded to bf16, still as float32.
  static float round(float v) {
    return Float.intBitsToFloat(bits(v) & 0xffff_0000);
  }

  private static int bits(float v) {
    int b = Float.floatToRawIntBits(v);
    return Float.isNaN(v) ? 0x7fc0_0000 : b + 0x7fff + (b >>> 16 & 1);
  }

  private static FloatVector widen(ShortVector s) {
    return ((IntVector) s.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0)).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  private static ShortVector narrow(FloatVector v) {
    return (ShortVector) rounded(v).lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, S, 0);
  }

  private static IntVector rounded(FloatVector v) {
    var b = v.reinterpretAsInts();
    var r = b.add(b.lanewise(VectorOperators.LSHR, 16).and(ONE)).add(BELOW_HALF);
    VectorMask<Integer> nan = v.compare(VectorOperators.NE, v).cast(I);
    return r.blend(NAN, nan);
  }
}
