package org.jtorch.align.policy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jtorch.io.JsonFile;
import org.jtorch.train.Saved;

/// β, what the KL to the reference costs: one number, or one that follows the KL to a target (arXiv:1909.08593, section 2.2):
/// `β ← β (1 + rate · clip(KL / target − 1, −0.2, 0.2))` after each batch.
public final class KlCoefficient implements Saved {
  private static final double MOST = 0.2;
  private final double target;
  private final double rate;
  private double beta;

  private KlCoefficient(double beta, double target, double rate) {
    if (!(beta >= 0 && beta < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("`beta` must be >= 0 but was " + beta + "; 0.05 is usual, 0 for no reference");
    }
    this.beta = beta;
    this.target = target;
    this.rate = rate;
  }

  public static KlCoefficient fixed(double beta) {
    return new KlCoefficient(beta, Double.NaN, 0);
  }

  /// @param target the KL of an answer, in nats
  /// @param rate 0.1 is usual
  public static KlCoefficient adaptive(double beta, double target, double rate) {
    if (!(beta > 0 && target > 0 && rate > 0 && rate < 1 / MOST)) {
      throw new IllegalArgumentException("an adaptive coefficient needs `beta` (" + beta + "), `target` (" + target + ") and `rate` (" + rate
          + ") above 0; e.g. 0.05, 6 and 0.1");
    }
    return new KlCoefficient(beta, target, rate);
  }

  public double beta() {
    return beta;
  }

  /// Follows what a batch showed.
  public void follow(double kl) {
    if (rate > 0 && Double.isFinite(kl)) {
      beta *= 1 + rate * Math.clamp(kl / target - 1, -MOST, MOST);
    }
  }

  @Override public ObjectNode facts() {
    return Saved.super.facts().put("beta", Double.toString(beta));
  }

  @Override public void restore(JsonFile facts) {
    beta = Double.parseDouble(facts.requiredString("beta"));
  }
}
