package org.jtorch.generate;

/// How the next token is drawn. The parts apply in this order: repetition penalty, temperature, top-k, top-p, min-p.
///
/// @param temperature divides the scores; 0 takes the best one (greedy), and the filters have nothing to do
/// @param topK keep this many of the best tokens; 0 keeps all
/// @param topP keep the smallest set of best tokens that holds this much probability; 1 keeps all
/// @param minP remove tokens less probable than this times the most probable one; 0 keeps all
/// @param repetitionPenalty scores of tokens seen before are divided by it, negative ones multiplied; 1 changes nothing
public record Sampling(double temperature, int topK, double topP, double minP, double repetitionPenalty) {
  public static final Sampling GREEDY = new Sampling(0, 0, 1, 0, 1);

  public Sampling {
    require(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature,
        ">= 0; 0 is greedy, 0.7 is usual");
    require(topK >= 0, "top_k", topK, ">= 0; 0 keeps all, 50 is usual");
    require(topP > 0 && topP <= 1, "top_p", topP, "in (0, 1]; 1 keeps all, 0.9 is usual");
    require(minP >= 0 && minP <= 1, "min_p", minP, "in [0, 1]; 0 keeps all, 0.05 is usual");
    require(repetitionPenalty > 0 && repetitionPenalty < Double.POSITIVE_INFINITY, "repetition_penalty", repetitionPenalty,
        "> 0; 1 changes nothing, 1.1 is usual");
  }

  private static void require(boolean holds, String key, Number value, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("`" + key + "` was " + value + " but must be " + rule);
    }
  }

  /// Draws from the model's own distribution.
  public static Sampling temperature(double temperature) {
    return GREEDY.withTemperature(temperature);
  }

  public boolean isGreedy() {
    return temperature == 0;
  }

  public Sampling withTemperature(double t) {
    return new Sampling(t, topK, topP, minP, repetitionPenalty);
  }

  public Sampling withTopK(int k) {
    return new Sampling(temperature, k, topP, minP, repetitionPenalty);
  }

  public Sampling withTopP(double p) {
    return new Sampling(temperature, topK, p, minP, repetitionPenalty);
  }

  public Sampling withMinP(double p) {
    return new Sampling(temperature, topK, topP, p, repetitionPenalty);
  }

  public Sampling withRepetitionPenalty(double penalty) {
    return new Sampling(temperature, topK, topP, minP, penalty);
  }
}
