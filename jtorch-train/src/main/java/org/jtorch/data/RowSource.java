package org.jtorch.data;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A corpus as numbered rows of `seqLen + 1` tokens: a row's inputs are all but its last token, its targets all but its
/// first. Segment ids count the documents of a row from 0; padding is token 0 in segment -1, always at the end.
public interface RowSource {
  long rows();

  /// `T`: inputs, and targets, of a row.
  int seqLen();

  /// Tokens in all rows, padding aside.
  default long tokens() {
    return rows() * seqLen();
  }

  /// Writes row `index` into two arrays of `seqLen() + 1` elements. May be called by many threads.
  void row(long index, long[] tokens, int[] segmentIds);

  /// Whether tokens count unequally as targets.
  default boolean weighted() {
    return false;
  }

  /// Writes what each token of row `index` counts as a target, into an array of `seqLen() + 1` elements.
  default void weights(long index, float[] into) {
    Arrays.fill(into, 1);
  }

  /// Whole documents, packed so that few rows have padding; only documents longer than a row are cut. See [Packing].
  static RowSource packed(TokenShards shards, int seqLen) {
    return packed(shards, seqLen, null);
  }

  /// [#packed] with weights from a column of the shards.
  static RowSource packed(TokenShards shards, int seqLen, @Nullable ShardColumn weights) {
    return Packing.plan(shards, seqLen, weights);
  }

  /// The corpus as one stream of tokens, cut every `seqLen` tokens; the last row is padded.
  static RowSource concatenated(TokenShards shards, int seqLen) {
    return new ConcatenatedRows(shards, seqLen);
  }

  /// The same rows without the bounds between documents: attention crosses them, and positions count on.
  static RowSource unmasked(RowSource rows) {
    return new UnmaskedRows(rows);
  }

  /// A document a row, in their order, so that a row's number is its document's in every column; cut at `seqLen + 1` tokens.
  static RowSource documents(TokenShards shards, int seqLen, @Nullable ShardColumn weights) {
    return new DocumentRows(shards, seqLen, weights);
  }

  /// The weights of `n` tokens of a corpus from `offset` on; 1 without a column.
  static void fill(@Nullable ShardColumn weights, long offset, int n, float[] into, int at) {
    if (weights == null) {
      Arrays.fill(into, at, at + n, 1);
    } else {
      weights.copy(offset, n, into, at);
    }
  }
}
