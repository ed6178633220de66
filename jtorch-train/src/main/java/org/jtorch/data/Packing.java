package org.jtorch.data;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Documents packed into rows of `seqLen + 1` tokens by a [PackingWindow] after the other.
///
/// A document longer than a row is cut into pieces that overlap in one token, so that each of its tokens but the first
/// is a target exactly once. A document of one token has nothing to predict and is left out. The plan lies in a file, 20 bytes
/// a piece at most: it may be larger than memory, as the tokens may.
final class Packing implements RowSource {
  private static final int PIECE_BYTES = 20;

  private final TokenShards shards;
  private final int seqLen;
  private final @Nullable ShardColumn weights;
  private final MemorySegment starts; // of the pieces, row after row
  private final MemorySegment lengths;
  private final MemorySegment rowEnds; // index after the last piece of a row
  private long pieces;
  private long rows;

  private Packing(TokenShards shards, int seqLen, @Nullable ShardColumn weights, long pieces) {
    this.shards = shards;
    this.seqLen = seqLen;
    this.weights = weights;
    var plan = shards.scratch(pieces * PIECE_BYTES);
    this.starts = plan.asSlice(0, pieces * Long.BYTES);
    this.rowEnds = plan.asSlice(pieces * Long.BYTES, pieces * Long.BYTES);
    this.lengths = plan.asSlice(2 * pieces * Long.BYTES);
  }

  static Packing plan(TokenShards shards, int seqLen, @Nullable ShardColumn weights) {
    return plan(shards, seqLen, weights, PackingWindow.PIECES);
  }

  /// @param windowPieces pieces that are sorted and packed together
  static Packing plan(TokenShards shards, int seqLen, @Nullable ShardColumn weights, int windowPieces) {
    checkSeqLen(seqLen);
    long pieces = 0;
    for (long d = 0; d < shards.documents(); d++) {
      pieces += Math.ceilDiv(shards.length(d) - 1, seqLen);
    }
    if (pieces == 0) {
      throw new DataException("no document in " + shards.folder() + " has two tokens; there is nothing to predict");
    }
    var packing = new Packing(shards, seqLen, weights, pieces);
    packing.fill(new PackingWindow((int) Math.min(windowPieces, pieces), seqLen + 1));
    return packing;
  }

  static void checkSeqLen(int seqLen) {
    if (seqLen < 1 || seqLen > 1 << 24) {
      throw new IllegalArgumentException("the sequence length is " + seqLen + " but must be 1 to 16777216; use for example 512");
    }
  }

  private void fill(PackingWindow window) {
    for (long d = 0; d < shards.documents(); d++) {
      long end = shards.start(d + 1);
      for (long at = shards.start(d); end - at > 1; at += seqLen) {
        window.add(at, (int) Math.min(seqLen + 1, end - at));
        if (window.isFull()) {
          window.pack(this::piece, this::endRow);
        }
      }
    }
    window.pack(this::piece, this::endRow);
  }

  private void piece(long start, int length) {
    starts.setAtIndex(JAVA_LONG_UNALIGNED, pieces, start);
    lengths.setAtIndex(JAVA_INT_UNALIGNED, pieces++, length);
  }

  private void endRow() {
    rowEnds.setAtIndex(JAVA_LONG_UNALIGNED, rows++, pieces);
  }

  @Override
  public long rows() {
    return rows;
  }

  @Override
  public int seqLen() {
    return seqLen;
  }

  @Override
  public long tokens() {
    return shards.tokens();
  }

  private long first(long row) {
    return Objects.checkIndex(row, rows) == 0 ? 0 : end(row - 1);
  }

  private long end(long row) {
    return rowEnds.getAtIndex(JAVA_LONG_UNALIGNED, row);
  }

  private long start(long piece) {
    return starts.getAtIndex(JAVA_LONG_UNALIGNED, piece);
  }

  private int length(long piece) {
    return lengths.getAtIndex(JAVA_INT_UNALIGNED, piece);
  }

  @Override
  public boolean weighted() {
    return weights != null;
  }

  @Override
  public void weights(long index, float[] into) {
    int at = 0;
    for (long p = first(index); p < end(index); p++) {
      RowSource.fill(weights, start(p), length(p), into, at);
      at += length(p);
    }
    Arrays.fill(into, at, seqLen + 1, 0);
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    long first = first(index);
    int at = 0;
    for (long p = first; p < end(index); p++) {
      int length = length(p);
      shards.copy(start(p), length, tokens, at);
      Arrays.fill(segmentIds, at, at + length, (int) (p - first));
      at += length;
    }
    Arrays.fill(tokens, at, seqLen + 1, 0);
    Arrays.fill(segmentIds, at, seqLen + 1, -1);
  }
}
