package org.jtorch.data;

/// A corpus as numbered rows of `seqLen + 1` tokens: a row's inputs are all but its last token, its targets all but its
/// first. Segment ids count the documents of a row from 0; padding is token 0 in segment -1, always at the end.
public interface RowSource {
  long rows();

  /// `T`: inputs, and targets, of a row.
  int seqLen();

  /// Writes row `index` into two arrays of `seqLen() + 1` elements. May be called by many threads.
  void row(long index, long[] tokens, int[] segmentIds);

  /// Whole documents, packed so that few rows have padding; only documents longer than a row are cut. See [Packing].
  static RowSource packed(TokenShards shards, int seqLen) {
    return Packing.plan(shards, seqLen);
  }

  /// The corpus as one stream of tokens, cut every `seqLen` tokens; the last row is padded.
  static RowSource concatenated(TokenShards shards, int seqLen) {
    return new ConcatenatedRows(shards, seqLen);
  }
}
