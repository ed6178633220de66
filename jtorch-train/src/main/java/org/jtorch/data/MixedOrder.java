package org.jtorch.data;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/// The rows of several sources in fixed shares, evenly spread: of any first `n` rows each source has its share to within a few
/// rows, and to within one at every multiple of 256. Each source has its own [BatchOrder] and begins again when its rows are
/// used up, whatever the others do.
///
/// @param orders one for each source
/// @param ends the sums of the sources' shares, from the first on; the last is 1
@SuppressWarnings("ArrayRecordComponent") // compared nowhere
public record MixedOrder(long seed, List<BatchOrder> orders, double[] ends) implements RowOrder {
  private static final int BLOCK_BITS = 8;
  private static final long BLOCK = 1L << BLOCK_BITS;

  /// @param rows of each source
  /// @param shares of the rows that each source gives; any positive numbers
  public static MixedOrder of(long seed, long[] rows, double[] shares) {
    var orders = new BatchOrder[rows.length];
    double[] ends = new double[rows.length];
    double total = Arrays.stream(shares).sum();
    double sum = 0;
    for (int s = 0; s < rows.length; s++) {
      if (!(shares[s] > 0 && total < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("the share of source " + s + " is " + shares[s] + " but must be a positive number; 1 is usual");
      }
      orders[s] = new BatchOrder(BatchOrder.mix(seed + s + 1), rows[s]);
      sum += shares[s];
      ends[s] = s == rows.length - 1 ? 1 : sum / total;
    }
    return new MixedOrder(seed, List.of(orders), ends);
  }

  @Override
  public long rows() {
    return orders.stream().mapToLong(BatchOrder::rows).sum();
  }

  @Override
  public long rowAt(long position) {
    Objects.checkIndex(position, Long.MAX_VALUE);
    long block = position / BLOCK;
    long slot = Integer.reverse((int) (position % BLOCK)) >>> -BLOCK_BITS;         // neighbours go far apart
    long firstRow = 0;
    for (int source = 0; ; source++) {
      long before = seen(source, block);
      long here = seen(source, block + 1) - before;
      if (slot < here) {
        return firstRow + orders.get(source).rowAt(before + slot);
      }
      slot -= here;
      firstRow += orders.get(source).rows();
    }
  }

  /// Rows of a source in the first `blocks` blocks.
  private long seen(int source, long blocks) {
    return upTo(source, blocks) - (source == 0 ? 0 : upTo(source - 1, blocks));
  }

  private long upTo(int source, long blocks) {
    return source == ends.length - 1 ? blocks * BLOCK : Math.round(ends[source] * blocks * BLOCK);
  }
}
