package org.jtorch.data;

/// Rows whose documents are one text to the model: attention crosses their bounds, positions count on, and the first token of
/// a document is predicted from the one before. Padding stays padding.
record UnmaskedRows(RowSource apart) implements RowSource {
  @Override
  public long rows() {
    return apart.rows();
  }

  @Override
  public int seqLen() {
    return apart.seqLen();
  }

  @Override
  public long tokens() {
    return apart.tokens();
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    apart.row(index, tokens, segmentIds);
    for (int i = 0; i < segmentIds.length; i++) {
      segmentIds[i] = Math.min(segmentIds[i], 0);
    }
  }

  @Override
  public boolean weighted() {
    return apart.weighted();
  }

  @Override
  public void weights(long index, float[] into) {
    apart.weights(index, into);
  }
}
