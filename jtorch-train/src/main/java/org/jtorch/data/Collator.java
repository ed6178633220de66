package org.jtorch.data;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/// Rows of unequal lengths as one batch, padded on the right: a text a row, whose targets are its own next tokens.
///
/// All tokens are inputs, the last one too, at which a reward model reads. A batch is as long as its longest row, rounded up
/// to a multiple, so that a run meets few shapes.
///
/// @param maxLength tokens that a row has at most, `T`; what is longer is cut at the end
/// @param multiple lengths are multiples of it, or `maxLength`
public record Collator(int maxLength, int multiple) {
  public Collator {
    if (maxLength < 1 || multiple < 1) {
      throw new IllegalArgumentException("`maxLength` (" + maxLength + ") and `multiple` (" + multiple
          + ") must be >= 1; 1024 and 64 for example");
    }
  }

  public Batch batch(List<TokenRow> rows) {
    int longest = rows.stream().mapToInt(r -> r.ids().length).max().orElseThrow(
        () -> new IllegalArgumentException("a batch needs at least one row"));
    int seqLen = Math.min(maxLength, rounded(longest));
    int size = Math.multiplyExact(rows.size(), seqLen);
    long[] tokens = new long[size];
    long[] targets = new long[size];
    int[] segments = new int[size];
    int[] positions = new int[size];
    float[] weights = new float[size];
    Arrays.fill(targets, Batch.IGNORE);
    for (int r = 0; r < rows.size(); r++) {
      var row = rows.get(r);
      long[] ids = row.ids();
      for (int i = 0; i < seqLen; i++) {
        int at = r * seqLen + i;
        positions[at] = i;
        segments[at] = i < ids.length ? 0 : -1;
        tokens[at] = i < ids.length ? ids[i] : 0;
        weights[at] = i + 1 < ids.length ? weight(row, i + 1) : 0;
        targets[at] = weights[at] == 0 ? Batch.IGNORE : ids[i + 1];
      }
    }
    return new Batch(rows.size(), seqLen, tokens, targets, segments, positions, Batch.trained(targets),
        alike(weights) ? null : weights);
  }

  /// A length rounded up to a multiple, at least one.
  public int rounded(int length) {
    return Math.ceilDiv(Math.max(1, length), multiple) * multiple;
  }

  /// The chosen rows and then the rejected ones.
  public PairBatch pairs(List<Pair> pairs) {
    return new PairBatch(batch(Stream.concat(pairs.stream().map(Pair::chosen), pairs.stream().map(Pair::rejected)).toList()));
  }

  private static float weight(TokenRow row, int at) {
    float[] weights = row.weights();
    return weights == null ? 1 : weights[at];
  }

  private static boolean alike(float[] weights) {
    for (float w : weights) {
      if (w != 0 && w != 1) {
        return false;
      }
    }
    return true;
  }
}
