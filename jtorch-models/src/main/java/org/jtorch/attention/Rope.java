package org.jtorch.attention;

import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.kernel.RotaryPass;

/// Rotary position embedding in the "rotate half" layout (Su et al. 2021, arXiv:2104.09864, eq. 34).
///
/// @param base θ: the angle of position p in pair i is `p · base^(−2i/D)`, before scaling
public record Rope(double base, RopeScaling scaling) {
  public Rope {
    if (!(base > 1)) {
      throw new IllegalArgumentException("`rope_theta` must be > 1 but was " + base + "; 10000 is usual, Llama 3 uses 500000");
    }
  }

  /// Cosines and sines of the rotation angles. Both `[B, T, D/2]`, float32, times the scaling's attention factor.
  public record Tables(Tensor cos, Tensor sin) {
    RotaryPass.Angles angles() {
      return new RotaryPass.Angles(cos, sin);
    }
  }

  /// Tables for the given positions; angles in float32 as the reference computes them.
  ///
  /// @param positions int64 `[B, T]`
  /// @param length the highest position plus one, which only dynamic scaling looks at
  public Tables tables(Tensor positions, int headDim, long length) {
    double[] frequencies = scaling.inverseFrequencies(base, headDim, length);
    var inverse = new float[frequencies.length];
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] = (float) frequencies[i];
    }
    Tensor angles = positions.to(DType.F32).unsqueeze(-1).mul(Ops.of(inverse, positions.device(), inverse.length));  // [B, T, D/2]
    double factor = scaling.attentionFactor();
    Tensor cos = angles.cos();
    Tensor sin = angles.sin();
    return factor == 1 ? new Tables(cos, sin) : new Tables(cos.mul(factor), sin.mul(factor));
  }

  /// Rotates the two halves of the last dimension: `(x₁ c − x₂ s, x₂ c + x₁ s)`.
  ///
  /// @param x `[B, T, H, D]`
  /// @param t float32 tables, `[B, T, D/2]`; the result is of x's type
  public static Tensor rotate(Tensor x, Tables t) {
    long half = x.size(3) / 2;
    Tensor[] halves = x.split(3, half, half);
    Tensor a = halves[0];
    Tensor b = halves[1];
    Tensor c = t.cos().unsqueeze(2);
    Tensor s = t.sin().unsqueeze(2);
    return Ops.cat(3, a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))).to(x.dtype());
  }

  /// `[start, start + T)` for every row. int64 `[1, T]`
  static Tensor consecutive(long start, long length, Device device) {
    return Ops.arange(start, start + length, device).view(1, length);
  }
}
