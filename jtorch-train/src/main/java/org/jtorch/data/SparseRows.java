package org.jtorch.data;

import java.util.Arrays;

/// What a teacher says of each position of some rows, as far as it was kept: k tokens and their log-probabilities.
///
/// @param ids `k` for each position, no id twice
/// @param logProbs of these tokens; −∞ for one that only fills up
/// @param rest the probability of all other tokens, for each position
@SuppressWarnings("ArrayRecordComponent") // flat arrays are what goes into tensors; never compared
public record SparseRows(int k, long[] ids, float[] logProbs, float[] rest) {
  public SparseRows {
    if (k < 1 || ids.length != (long) k * rest.length || logProbs.length != ids.length) {
      throw new IllegalArgumentException(ids.length + " ids and " + logProbs.length + " log-probabilities do not make " + k + " for each of "
          + rest.length + " positions");
    }
  }

  public int positions() {
    return rest.length;
  }

  /// `n` positions from `from` on.
  SparseRows slice(int from, int n) {
    return new SparseRows(k, Arrays.copyOfRange(ids, from * k, (from + n) * k), Arrays.copyOfRange(logProbs, from * k, (from + n) * k),
        Arrays.copyOfRange(rest, from, from + n));
  }
}
