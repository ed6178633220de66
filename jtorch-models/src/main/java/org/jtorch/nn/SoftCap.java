package org.jtorch.nn;

import org.jtorch.tensor.Tensor;

/// `c tanh(z / c)`: scores that cannot leave (−c, c) (Gemma 2, arXiv:2408.00118, section 2). Masks come after it, never before.
///
/// @param cap c; infinite for none
public record SoftCap(double cap) {
  public static final SoftCap NONE = new SoftCap(Double.POSITIVE_INFINITY);

  public SoftCap {
    if (!(cap > 0)) {
      throw new IllegalArgumentException("a soft cap must be > 0 but was " + cap + "; leave it out for none");
    }
  }

  public boolean isActive() {
    return cap != Double.POSITIVE_INFINITY;
  }

  /// z of any shape; z itself if there is no cap.
  public Tensor apply(Tensor z) {
    return isActive() ? z.div(cap).tanh().mul(cap) : z;
  }
}
