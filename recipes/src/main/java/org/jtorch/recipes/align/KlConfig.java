package org.jtorch.recipes.align;

import org.jtorch.align.policy.KlCoefficient;
import org.jtorch.align.policy.KlEstimator;
import org.jtorch.recipes.config.Default;
import org.jtorch.recipes.config.DefaultType;
import org.jtorch.recipes.config.Doc;
import org.jtorch.recipes.config.Named;

/// What keeps a policy near its reference; part of the reward where a recipe names no type.
@DefaultType("reward")
public sealed interface KlConfig {
  /// β of the shaped reward: 0 where the KL is no part of it.
  default KlCoefficient inReward() {
    return KlCoefficient.fixed(0);
  }

  /// How the KL in the reward is estimated.
  default KlEstimator estimator() {
    return KlEstimator.K1;
  }

  /// β of the k3 in the loss; 0 for none.
  default double inLoss() {
    return 0;
  }

  /// β of the whole divergence in the loss; 0 for none.
  default double inFull() {
    return 0;
  }

  /// Whether there is anything to measure from.
  default boolean measures() {
    return true;
  }

  /// The reward of an answer minus β times its KL, as the papers have it.
  @Named("reward")
  record InReward(@Doc("beta, per nat of an answer") @Default("0.05") double beta, @Doc("k1 (unbiased), k2 or k3") @Default("k1") KlEstimator estimator)
      implements KlConfig {
    public InReward {
      var _ = KlCoefficient.fixed(beta);
    }

    @Override public KlCoefficient inReward() {
      return KlCoefficient.fixed(beta);
    }
  }

  /// The same with a β that follows the KL to a target (arXiv:1909.08593, section 2.2).
  @Named("adaptive")
  record Adaptive(@Doc("beta at the beginning") @Default("0.05") double beta, @Doc("nats of an answer") @Default("6") double target,
      @Doc("how fast beta follows") @Default("0.1") double rate, @Default("k1") KlEstimator estimator) implements KlConfig {
    public Adaptive {
      var _ = KlCoefficient.adaptive(beta, target, rate);
    }

    @Override public KlCoefficient inReward() {
      return KlCoefficient.adaptive(beta, target, rate);
    }
  }

  /// β times k3 of every token in the loss, as GRPO has it.
  @Named("loss")
  record InLoss(@Default("0.04") double beta) implements KlConfig {
    public InLoss {
      require(beta);
    }

    @Override public double inLoss() {
      return beta;
    }
  }

  /// β times the divergence over the whole vocabulary at every token, in the loss: no samples of it, a forward of the reference more.
  @Named("full")
  record InFull(@Default("0.05") double beta) implements KlConfig {
    public InFull {
      require(beta);
    }

    @Override public double inFull() {
      return beta;
    }
  }

  /// Nothing: there is no reference.
  @Named("none")
  record None() implements KlConfig {
    @Override public boolean measures() {
      return false;
    }
  }

  private static void require(double beta) {
    if (!(beta > 0 && beta < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`beta` must be > 0 but was " + beta + "; 0.04 is usual, {type: none} for no reference");
    }
  }
}
