package org.jtorch.distill;

import java.util.Arrays;
import java.util.Set;
import org.jtorch.data.TokenRow;

/// A prompt and the answer that a data set has for it.
///
/// @param answer with the token that ends it; where the student answers itself it is not looked at
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record Demonstration(long[] prompt, long[] answer) {
  public Demonstration {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("a prompt has no tokens; begin it with the token that begins texts");
    }
  }

  /// As a row of which the answer is learned, up to its first stop token.
  TokenRow row(Set<Long> stopTokens) {
    int n = 0;
    while (n < answer.length && (n == 0 || !stopTokens.contains(answer[n - 1]))) {
      n++;
    }
    return TokenRow.of(prompt, Arrays.copyOf(answer, n));
  }
}
