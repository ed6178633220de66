package org.jtorch.quant;

import java.util.Arrays;

/// k-means of numbers on a line: on sorted values a cluster is a range, so a step of Lloyd's algorithm costs k searches.
final class KMeans {
  private static final int STEPS = 100;

  private KMeans() {}

  /// k means in ascending order.
  ///
  /// @param sorted at least one value, ascending
  static float[] means(float[] sorted, int k) {
    var sums = new double[sorted.length + 1];
    for (int i = 0; i < sorted.length; i++) {
      sums[i + 1] = sums[i] + sorted[i];
    }
    var means = new double[k];
    for (int c = 0; c < k; c++) {
      means[c] = sorted[(int) ((2L * c + 1) * sorted.length / (2L * k))];
    }
    int[] ends = ends(sorted, means);
    for (int step = 0; step < STEPS; step++) {
      int from = 0;
      for (int c = 0; c < k; c++) {
        if (ends[c] > from) {                                        // an empty cluster stays where it is
          means[c] = (sums[ends[c]] - sums[from]) / (ends[c] - from);
        }
        from = ends[c];
      }
      int[] next = ends(sorted, means);
      if (Arrays.equals(next, ends)) {
        break;
      }
      ends = next;
    }
    var result = new float[k];
    for (int c = 0; c < k; c++) {
      result[c] = (float) means[c];
    }
    return result;
  }

  /// Where the values that are nearest to each mean end.
  private static int[] ends(float[] sorted, double[] means) {
    var ends = new int[means.length];
    for (int c = 0; c < means.length - 1; c++) {
      ends[c] = firstNotBelow(sorted, (means[c] + means[c + 1]) / 2);
    }
    ends[means.length - 1] = sorted.length;
    return ends;
  }

  private static int firstNotBelow(float[] sorted, double bound) {
    int low = 0;
    int high = sorted.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (sorted[middle] < bound) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
}
