package org.jtorch.data;

import java.util.Arrays;
import java.util.Objects;

/// A batch as flat row-major arrays of `rows * seqLen` elements.
///
/// @param targets the token after each; [#IGNORE] where it belongs to another document or is padding
/// @param segmentIds number of the document within the row; -1 is padding
/// @param positions count from 0 in each document (or part of one) of a row
/// @param trainedTokens number of targets that are not ignored
@SuppressWarnings("ArrayRecordComponent") // flat arrays are what goes into tensors; batches are not compared
public record Batch(int rows, int seqLen, long[] tokens, long[] targets, int[] segmentIds, int[] positions, long trainedTokens) {
  /// The target that losses skip.
  public static final long IGNORE = -100;

  /// `n` rows from `from` on as a batch of their own, for gradient accumulation.
  public Batch slice(int from, int n) {
    Objects.checkFromIndexSize(from, n, rows);
    int a = from * seqLen;
    int b = a + n * seqLen;
    long[] part = Arrays.copyOfRange(targets, a, b);
    return new Batch(n, seqLen, Arrays.copyOfRange(tokens, a, b), part, Arrays.copyOfRange(segmentIds, a, b),
        Arrays.copyOfRange(positions, a, b), trained(part));
  }

  /// The contiguous share of rank `rank` of `size`, so that the shares of all in their order are this batch. No row is
  /// left out: shares differ by at most one row.
  public Batch share(int rank, int size) {
    Objects.checkIndex(rank, size);
    int from = (int) ((long) rows * rank / size);
    int to = (int) ((long) rows * (rank + 1) / size);
    return size == 1 ? this : slice(from, to - from);
  }

  static long trained(long[] targets) {
    return Arrays.stream(targets).filter(t -> t != IGNORE).count();
  }

  /// Whether any row holds several documents or padding, so that attention needs the segments.
  public boolean segmented() {
    return Arrays.stream(segmentIds).anyMatch(s -> s != 0);
  }
}
