package org.jtorch.data;

import java.util.Objects;

/// The shuffled order of rows, as a function: the row at any position of any epoch comes from a permutation computed on
/// the spot (a Feistel network over the smallest even number of bits that hold the rows, walked until the value is a
/// row), so training resumes at any step at no cost and keeps no list. Each epoch has a permutation of its own, and
/// epochs follow each other without a gap: a batch may hold the end of one and the start of the next.
public record BatchOrder(long seed, long rows) implements RowOrder {
  private static final int ROUNDS = 6;

  public BatchOrder {
    if (rows < 1 || rows > 1L << 60) {
      throw new IllegalArgumentException("cannot order " + rows + " rows; there must be at least one");
    }
  }

  @Override
  public long rowAt(long position) {
    Objects.checkIndex(position, Long.MAX_VALUE);
    return row(position / rows, position % rows);
  }

  /// The row at a position of an epoch.
  public long row(long epoch, long position) {
    long value = Objects.checkIndex(position, rows);
    int half = Math.max(1, (65 - Long.numberOfLeadingZeros(rows - 1)) / 2);
    long key = mix(seed + mix(epoch + 0x9E3779B97F4A7C15L));
    do {
      value = feistel(value, half, key);
    } while (value >= rows);
    return value;
  }

  private static long feistel(long value, int half, long key) {
    long mask = (1L << half) - 1;
    long left = value >>> half;
    long right = value & mask;
    for (int round = 0; round < ROUNDS; round++) {
      long next = left ^ ((mix(right + key + round * 0xD1B54A32D192ED03L) >>> 7) & mask);
      left = right;
      right = next;
    }
    return left << half | right;
  }

  /// SplitMix64's finaliser.
  public static long mix(long z) {
    long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
    return b ^ b >>> 31;
  }
}
