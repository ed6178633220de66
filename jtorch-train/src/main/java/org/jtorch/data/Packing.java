package org.jtorch.data;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Best-fit-decreasing packing of documents into rows of `seqLen + 1` tokens ("Fewer Truncations Improve Language
/// Modeling", arXiv:2404.10830).
///
/// A document longer than a row is cut into pieces that overlap in one token, so that each of its tokens but the first
/// is a target exactly once. The full pieces are rows of their own; the rest goes, longest first, into the fullest row
/// that still has room. A document of one token has nothing to predict and is left out. The plan is two primitive
/// arrays: 12 bytes a piece, 8 a row.
final class Packing implements RowSource {
  private final TokenShards shards;
  private final int seqLen;
  private final @Nullable ShardColumn weights;
  private final long[] starts; // of the pieces, row after row
  private final int[] lengths;
  private final int[] rowEnds; // rowEnds[r]: index after the last piece of row r

  private Packing(TokenShards shards, int seqLen, @Nullable ShardColumn weights, Pieces pieces, int[] rowOf, int rows) {
    this.shards = shards;
    this.seqLen = seqLen;
    this.weights = weights;
    this.rowEnds = new int[rows];
    for (int p = 0; p < pieces.count; p++) {
      rowEnds[rowOf[p]]++;
    }
    int[] next = new int[rows];
    for (int r = 1; r < rows; r++) {
      rowEnds[r] += rowEnds[r - 1];
      next[r] = rowEnds[r - 1];
    }
    this.starts = new long[pieces.count];
    this.lengths = new int[pieces.count];
    for (int p = 0; p < pieces.count; p++) {
      int at = next[rowOf[p]]++;
      starts[at] = pieces.starts[p];
      lengths[at] = pieces.lengths[p];
    }
  }

  static Packing plan(TokenShards shards, int seqLen, @Nullable ShardColumn weights) {
    checkSeqLen(seqLen);
    var pieces = new Pieces(shards, seqLen);
    if (pieces.count == 0) {
      throw new DataException("no document in " + shards.folder() + " has two tokens; there is nothing to predict");
    }
    int[] rowOf = new int[pieces.count];
    int rows = assign(pieces, seqLen + 1, rowOf);
    return new Packing(shards, seqLen, weights, pieces, rowOf, rows);
  }

  static void checkSeqLen(int seqLen) {
    if (seqLen < 1 || seqLen > 1 << 24) {
      throw new IllegalArgumentException("the sequence length is " + seqLen + " but must be 1 to 16777216; use for example 512");
    }
  }

  /// Gives every piece a row; returns the number of rows. `open` heads, per room left, a list of the rows with it.
  private static int assign(Pieces pieces, int capacity, int[] rowOf) {
    int[] open = new int[capacity + 1];
    Arrays.fill(open, -1);
    int[] nextOpen = new int[pieces.count];
    var rooms = new BitSet(capacity + 1);
    int rows = 0;
    for (int p : pieces.longestFirst(capacity)) {
      int length = pieces.lengths[p];
      int room = rooms.nextSetBit(length);
      int row = room < 0 ? rows++ : open[room];
      if (room < 0) {
        room = capacity;
      } else {
        open[room] = nextOpen[row];
        rooms.set(room, open[room] >= 0);
      }
      rowOf[p] = row;
      int left = room - length;
      if (left > 1) {
        nextOpen[row] = open[left];
        open[left] = row;
        rooms.set(left);
      }
    }
    return rows;
  }

  @Override
  public long rows() {
    return rowEnds.length;
  }

  @Override
  public int seqLen() {
    return seqLen;
  }

  private int checked(long index) {
    return Objects.checkIndex((int) Math.min(index, Integer.MAX_VALUE), rowEnds.length);
  }

  private int first(int row) {
    return row == 0 ? 0 : rowEnds[row - 1];
  }

  @Override
  public boolean weighted() {
    return weights != null;
  }

  @Override
  public void weights(long index, float[] into) {
    int r = checked(index);
    int at = 0;
    for (int p = first(r); p < rowEnds[r]; p++) {
      RowSource.fill(weights, starts[p], lengths[p], into, at);
      at += lengths[p];
    }
    Arrays.fill(into, at, seqLen + 1, 0);
  }

  @Override
  public void row(long index, long[] tokens, int[] segmentIds) {
    int r = checked(index);
    int first = first(r);
    int at = 0;
    for (int p = first; p < rowEnds[r]; p++) {
      shards.copy(starts[p], lengths[p], tokens, at);
      Arrays.fill(segmentIds, at, at + lengths[p], p - first);
      at += lengths[p];
    }
    Arrays.fill(tokens, at, seqLen + 1, 0);
    Arrays.fill(segmentIds, at, seqLen + 1, -1);
  }

  /// Documents and parts of long documents, each with two tokens at least.
  private static final class Pieces {
    private long[] starts = new long[1024];
    private int[] lengths = new int[1024];
    private int count;

    Pieces(TokenShards shards, int seqLen) {
      for (long d = 0; d < shards.documents(); d++) {
        long end = shards.start(d + 1);
        for (long at = shards.start(d); end - at > 1; at += seqLen) {
          add(at, (int) Math.min(seqLen + 1, end - at));
        }
      }
    }

    private void add(long start, int length) {
      if (count == starts.length) {
        int more = Math.addExact(count, Math.max(1, count >> 1));
        starts = Arrays.copyOf(starts, more);
        lengths = Arrays.copyOf(lengths, more);
      }
      starts[count] = start;
      lengths[count++] = length;
    }

    /// Indices sorted by falling length, equal lengths in the order of the corpus: a counting sort.
    int[] longestFirst(int longest) {
      int[] slot = new int[longest + 2];
      for (int p = 0; p < count; p++) {
        slot[longest - lengths[p] + 1]++;
      }
      for (int i = 1; i < slot.length; i++) {
        slot[i] += slot[i - 1];
      }
      int[] order = new int[count];
      for (int p = 0; p < count; p++) {
        order[slot[longest - lengths[p]]++] = p;
      }
      return order;
    }
  }
}
