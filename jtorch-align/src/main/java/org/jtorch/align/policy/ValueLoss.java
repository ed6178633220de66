package org.jtorch.align.policy;

import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// How far a critic is from the returns: `½ max((V − R)², (V_clip − R)²)`, the mean over tokens, where V_clip stays within `range` of what
/// the critic said when the policy answered.
public record ValueLoss(double range) {
  public ValueLoss {
    if (!(range > 0)) {
      throw new IllegalArgumentException("`value_clip` must be > 0 but was " + range + "; 0.2 is usual");
    }
  }

  /// The share of these answers in the mini-batch's mean; a scalar. All `[n, T]`
  public Tensor loss(Tensor values, Tensor old, Tensor returns, Tensor mask, Totals totals) {
    Tensor plain = values.sub(returns).square();
    Tensor bounded = within(values, old).sub(returns).square();
    return Clip.larger(plain, bounded).mul(mask).sum().mul(0.5).div(totals.tokens());
  }

  /// 1 where the clip keeps a value's gradient back, else 0. `[n, T]`
  public Tensor clipped(Tensor values, Tensor old, Tensor returns, Tensor mask) {
    Tensor held = within(values, old).sub(returns).square().gt(values.sub(returns).square());
    return Ops.where(held, mask, Ops.zerosLike(mask));
  }

  private Tensor within(Tensor values, Tensor old) {
    return old.add(Clip.between(values.sub(old), -range, range));
  }
}
