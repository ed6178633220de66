package org.jtorch.eval;

import java.util.Set;

/// When a written text ends.
///
/// @param maxTokens at the latest
/// @param stopTokens with the first of them, which is left out
/// @param ending asked behind each token
public record Writing(int maxTokens, Set<Long> stopTokens, Ending ending) {
  /// Ends a text by what it says.
  @FunctionalInterface
  public interface Ending {
    Ending NONE = (_, _) -> false;

    /// @param prompt which one the token comes behind; its tokens come in their order
    /// @return whether the text ends with it
    boolean endsWith(int prompt, long token);
  }

  public Writing {
    if (maxTokens < 1) {
      throw new IllegalArgumentException("`max_tokens` must be >= 1 but was " + maxTokens + "; 256 is usual");
    }
    stopTokens = Set.copyOf(stopTokens);
  }

  /// A number of tokens, whatever they are.
  public static Writing of(int maxTokens) {
    return new Writing(maxTokens, Set.of(), Ending.NONE);
  }
}
