package org.jtorch.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Row `i` is document `i`, cut at the end if it is too long, padded if it is short.
record DocumentRows(TokenShards shards, int seqLen, @Nullable ShardColumn weights) implements RowSource {
  DocumentRows {
    Packing.checkSeqLen(seqLen);
  }

  @Override
  public long rows() {
    return shards.documents();
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    int n = length(index);
    shards.copy(shards.start(index), n, tokens, 0);
    Arrays.fill(tokens, n, seqLen + 1, 0);
    Arrays.fill(segmentIds, 0, n, 0);
    Arrays.fill(segmentIds, n, seqLen + 1, -1);
  }

  private int length(long document) {
    return (int) Math.min(seqLen + 1, shards.length(document));
  }

  @Override
  public boolean weighted() {
    return weights != null;
  }

  @Override
  public void weights(long index, float[] into) {
    int n = length(index);
    RowSource.fill(weights, shards.start(index), n, into, 0);
    Arrays.fill(into, n, seqLen + 1, 0);
  }
}
