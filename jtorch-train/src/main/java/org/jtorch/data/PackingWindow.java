package org.jtorch.data;

import java.util.Arrays;
import java.util.BitSet;

/// Best-fit-decreasing packing ("Fewer Truncations Improve Language Modeling", arXiv:2404.10830) of as many pieces of
/// documents as are worth sorting at once: full pieces are rows of their own; the rest goes, longest first, into the fullest
/// row that still has room.
final class PackingWindow {
  /// Pieces in a window. With more, rows hardly become fuller; packing these takes 6 MB.
  static final int PIECES = 1 << 18;

  /// Takes a piece of the row that is being written.
  interface PieceSink {
    void add(long start, int length);
  }

  private final int capacity;
  private final long[] starts;
  private final int[] lengths;
  private int count;

  /// @param capacity tokens of a row
  PackingWindow(int pieces, int capacity) {
    this.capacity = capacity;
    this.starts = new long[pieces];
    this.lengths = new int[pieces];
  }

  void add(long start, int length) {
    starts[count] = start;
    lengths[count++] = length;
  }

  boolean isFull() {
    return count == starts.length;
  }

  /// Hands the pieces on, row after row, in a row in the order in which they were put into it; empties the window.
  void pack(PieceSink piece, Runnable endOfRow) {
    int[] rowOf = new int[count];
    int rows = assign(rowOf);
    int[] next = new int[rows + 1];
    for (int p = 0; p < count; p++) {
      next[rowOf[p] + 1]++;
    }
    for (int r = 1; r <= rows; r++) {
      next[r] += next[r - 1];
    }
    int[] ordered = new int[count];
    for (int p = 0; p < count; p++) {
      ordered[next[rowOf[p]]++] = p;                 // next[r] ends as the end of row r
    }
    for (int r = 0, at = 0; r < rows; r++, endOfRow.run()) {
      for (; at < next[r]; at++) {
        piece.add(starts[ordered[at]], lengths[ordered[at]]);
      }
    }
    count = 0;
  }

  /// Gives every piece a row; returns the number of rows. `open` heads, per room left, a list of the rows with it.
  private int assign(int[] rowOf) {
    int[] open = new int[capacity + 1];
    Arrays.fill(open, -1);
    int[] nextOpen = new int[count];
    var rooms = new BitSet(capacity + 1);
    int rows = 0;
    for (int p : longestFirst()) {
      int length = lengths[p];
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

  /// Indices sorted by falling length, equal lengths in the order of the corpus: a counting sort.
  private int[] longestFirst() {
    int[] slot = new int[capacity + 2];
    for (int p = 0; p < count; p++) {
      slot[capacity - lengths[p] + 1]++;
    }
    for (int i = 1; i < slot.length; i++) {
      slot[i] += slot[i - 1];
    }
    int[] order = new int[count];
    for (int p = 0; p < count; p++) {
      order[slot[capacity - lengths[p]]++] = p;
    }
    return order;
  }
}
