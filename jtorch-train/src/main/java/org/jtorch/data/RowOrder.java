package org.jtorch.data;

/// Which row comes when, as a function of its position, so that training resumes at any step at no cost and keeps no list.
public sealed interface RowOrder permits BatchOrder, MixedOrder {
  long seed();

  /// How many different rows there are.
  long rows();

  /// The row at a position counted over all epochs.
  long rowAt(long position);

  /// The rows of a step with `batch` rows.
  default long[] rowsOf(long step, int batch) {
    long first = Math.multiplyExact(step, (long) batch);
    long[] ids = new long[batch];
    for (int i = 0; i < batch; i++) {
      ids[i] = rowAt(first + i);
    }
    return ids;
  }
}
