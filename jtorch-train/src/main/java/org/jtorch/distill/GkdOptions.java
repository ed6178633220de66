package org.jtorch.distill;

import org.jtorch.data.Collator;
import org.jtorch.generate.Options;
import org.jtorch.generate.Sampling;
import org.jtorch.loss.Divergence;

/// What on-policy distillation is made with (arXiv:2306.13649, section 3).
///
/// @param lambda λ, the share of the steps that learn from the student's own answers: 0 is supervised distillation, 1 fully on-policy
/// @param divergence from the teacher
/// @param temperature of both in the divergence
/// @param sampling how the student answers; its stop tokens end an answer, its seed is the run's
/// @param collator makes rows of prompts and answers
public record GkdOptions(double lambda, Divergence divergence, double temperature, Options sampling, Collator collator) {
  public GkdOptions {
    if (!(lambda >= 0 && lambda <= 1)) {
      throw new IllegalArgumentException("`lambda` must be in [0, 1] but was " + lambda + "; 0.5 is usual, 1 is fully on-policy");
    }
    if (!(temperature > 0)) {
      throw new IllegalArgumentException("`temperature` must be > 0 but was " + temperature + "; 1 is usual");
    }
  }

  /// λ = 0.5, β = 0.5, answers of at most 128 tokens at temperature 0.9.
  ///
  /// @param sampling with the stop tokens; its length and temperature are replaced
  public static GkdOptions usual(Options sampling, Collator collator) {
    return new GkdOptions(0.5, new Divergence.JensenShannon(0.5), 1,
        sampling.withMaxNewTokens(128).withSampling(Sampling.temperature(0.9)), collator);
  }

  public GkdOptions withLambda(double share) {
    return new GkdOptions(share, divergence, temperature, sampling, collator);
  }

  public GkdOptions withDivergence(Divergence other) {
    return new GkdOptions(lambda, other, temperature, sampling, collator);
  }
}
