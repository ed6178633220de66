package org.jtorch.data;

import java.util.Arrays;
import java.util.Objects;
import org.jtorch.io.DataException;

/// Row `i` is the tokens from `i * seqLen` on, one more than `seqLen`: the last of a row is the first of the next, so
/// every token but the very first is a target once.
record ConcatenatedRows(TokenShards shards, int seqLen) implements RowSource {
  ConcatenatedRows {
    Packing.checkSeqLen(seqLen);
    if (shards.tokens() <= seqLen) {
      throw new DataException("the corpus in " + shards.folder() + " has " + shards.tokens() + " tokens, too few for one"
          + " row of " + seqLen + " + 1; use a shorter sequence or more text");
    }
  }

  @Override
  public long rows() {
    return Math.ceilDiv(shards.tokens() - 1, seqLen);
  }

  @Override
  public long tokens() {
    return shards.tokens();
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    Objects.checkIndex(index, rows());
    long from = index * seqLen;
    int n = (int) Math.min(seqLen + 1, shards.tokens() - from);
    shards.copy(from, n, tokens, 0);
    Arrays.fill(tokens, n, seqLen + 1, 0);
    Arrays.fill(segmentIds, n, seqLen + 1, -1);
    long document = shards.documentAt(from);
    int segment = 0;
    for (int i = 0; i < n; segment++) {
      int end = (int) Math.min(n, shards.start(++document) - from);
      Arrays.fill(segmentIds, i, end, segment);
      i = end;
    }
  }
}
