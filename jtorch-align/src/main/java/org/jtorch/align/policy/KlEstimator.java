package org.jtorch.align.policy;

import org.jtorch.tensor.Tensor;

/// What a sampled token says of KL(π‖q), from `log π − log q` alone (Schulman's k1, k2, k3; arXiv:2402.03300, eq. 4 has k3).
public enum KlEstimator {
  /// `log π − log q`: unbiased, may be negative.
  K1 {
    @Override public double of(double logRatio) {
      return logRatio;
    }

    @Override public Tensor of(Tensor logRatio) {
      return logRatio;
    }
  },
  /// `(log π − log q)² / 2`: biased, never negative.
  K2 {
    @Override public double of(double logRatio) {
      return logRatio * logRatio / 2;
    }

    @Override public Tensor of(Tensor logRatio) {
      return logRatio.square().mul(0.5);
    }
  },
  /// `q/π − 1 − log(q/π)`: unbiased, never negative.
  K3 {
    @Override public double of(double logRatio) {
      return Math.expm1(-logRatio) + logRatio;
    }

    @Override public Tensor of(Tensor logRatio) {
      return logRatio.neg().exp().sub(1.0).add(logRatio);
    }
  };

  /// @param logRatio `log π − log q` of a token that π sampled
  public abstract double of(double logRatio);

  /// The same of many, with gradients. Any shape.
  public abstract Tensor of(Tensor logRatio);

  /// The sum over the tokens of an answer.
  public double sum(float[] policy, float[] reference) {
    double sum = 0;
    for (int t = 0; t < policy.length; t++) {
      sum += of((double) policy[t] - reference[t]);
    }
    return sum;
  }
}
