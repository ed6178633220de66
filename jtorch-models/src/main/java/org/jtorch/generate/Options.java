package org.jtorch.generate;

import java.util.Set;

/// What a generation is to do.
///
/// @param stopTokens a row ends with the first of them; empty never stops early
/// @param seed the same seed gives the same tokens; rows draw from streams of their own
/// @param padToken fills rows that ended before the longest
public record Options(int maxNewTokens, Sampling sampling, Set<Long> stopTokens, long seed, long padToken) {
  public Options {
    if (maxNewTokens < 1) {
      throw new IllegalArgumentException("`max_new_tokens` must be >= 1 but was " + maxNewTokens);
    }
    stopTokens = Set.copyOf(stopTokens);
  }

  /// Greedy decoding without stop tokens.
  public static Options greedy(int maxNewTokens) {
    return new Options(maxNewTokens, Sampling.GREEDY, Set.of(), 0, 0);
  }

  public Options withMaxNewTokens(int n) {
    return new Options(n, sampling, stopTokens, seed, padToken);
  }

  public Options withSampling(Sampling s) {
    return new Options(maxNewTokens, s, stopTokens, seed, padToken);
  }

  public Options withStopTokens(Set<Long> tokens) {
    return new Options(maxNewTokens, sampling, tokens, seed, padToken);
  }

  public Options withSeed(long s) {
    return new Options(maxNewTokens, sampling, stopTokens, s, padToken);
  }

  public Options withPadToken(long token) {
    return new Options(maxNewTokens, sampling, stopTokens, seed, token);
  }
}
