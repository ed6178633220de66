package org.jtorch.generate;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.tensor.Rng;

/// One text in the making: its prompt and what came after.
final class Row {
  final int number;
  final Rng stream;
  private final int prompt;
  private final long[] tokens;
  private final float @Nullable [] logProbs;
  private final float @Nullable [] drawn;
  private int length;
  private boolean stopped;

  /// @param number which row of the whole it is
  /// @param scored whether log-probabilities are kept
  Row(int number, long[] prompt, int newTokens, Rng stream, boolean scored) {
    this.number = number;
    this.stream = stream;
    this.prompt = prompt.length;
    this.tokens = Arrays.copyOf(prompt, prompt.length + newTokens);
    this.length = prompt.length;
    this.logProbs = scored ? new float[newTokens] : null;
    this.drawn = scored ? new float[newTokens] : null;
  }

  /// Tokens so far, the prompt's included.
  int length() {
    return length;
  }

  long[] text() {
    return Arrays.copyOf(tokens, length);
  }

  /// How many new ones there are.
  int made() {
    return length - prompt;
  }

  boolean hasEnded() {
    return stopped || length == tokens.length;
  }

  void add(long token, boolean last) {
    tokens[length++] = token;
    stopped = last;
  }

  /// Log-probabilities of the token to be added next.
  void score(double underModel, double underSampling) {
    if (logProbs != null && drawn != null) {
      logProbs[made()] = (float) underModel;
      drawn[made()] = (float) underSampling;
    }
  }

  /// The new tokens, filled with `pad` to `n`.
  long[] padded(int n, long pad) {
    long[] all = Arrays.copyOfRange(tokens, prompt, prompt + n);
    Arrays.fill(all, made(), n, pad);
    return all;
  }

  Generation generation() {
    return new Generation(Arrays.copyOfRange(tokens, prompt, length), first(logProbs), first(drawn), stopped);
  }

  private float[] first(float @Nullable [] values) {
    return values == null ? new float[0] : Arrays.copyOf(values, made());
  }
}
