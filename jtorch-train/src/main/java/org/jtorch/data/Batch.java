package org.jtorch.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A batch as flat row-major arrays of `rows * seqLen` elements.
///
/// @param targets the token after each; [#IGNORE] where it belongs to another document, is padding or has the weight 0
/// @param segmentIds number of the document within the row; -1 is padding
/// @param positions count from 0 in each document (or part of one) of a row
/// @param trainedTokens number of targets that are not ignored
/// @param weights what each target's loss is multiplied by; null if all count alike
/// @param teacher what a captured teacher says of each position; null if there is none
@SuppressWarnings("ArrayRecordComponent") // flat arrays are what goes into tensors; batches are not compared
public record Batch(int rows, int seqLen, long[] tokens, long[] targets, int[] segmentIds, int[] positions, long trainedTokens,
    float @Nullable [] weights, @Nullable SparseRows teacher) {
  /// The target that losses skip.
  public static final long IGNORE = -100;

  /// A batch whose targets count alike.
  public Batch(int rows, int seqLen, long[] tokens, long[] targets, int[] segmentIds, int[] positions, long trainedTokens) {
    this(rows, seqLen, tokens, targets, segmentIds, positions, trainedTokens, null);
  }

  /// A batch without a teacher.
  public Batch(int rows, int seqLen, long[] tokens, long[] targets, int[] segmentIds, int[] positions, long trainedTokens,
      float @Nullable [] weights) {
    this(rows, seqLen, tokens, targets, segmentIds, positions, trainedTokens, weights, null);
  }

  /// The same with what a teacher says of its rows.
  public Batch with(SparseRows known) {
    return new Batch(rows, seqLen, tokens, targets, segmentIds, positions, trainedTokens, weights, known);
  }

  /// `n` rows from `from` on as a batch of their own.
  public Batch slice(int from, int n) {
    Objects.checkFromIndexSize(from, n, rows);
    int a = from * seqLen;
    int b = a + n * seqLen;
    long[] part = Arrays.copyOfRange(targets, a, b);
    return new Batch(n, seqLen, Arrays.copyOfRange(tokens, a, b), part, Arrays.copyOfRange(segmentIds, a, b),
        Arrays.copyOfRange(positions, a, b), trained(part), weights == null ? null : Arrays.copyOfRange(weights, a, b),
        teacher == null ? null : teacher.slice(a, b - a));
  }

  /// `n` micro-batches of equally many rows, for gradient accumulation.
  public List<Batch> split(int n) {
    requireDivides(n, rows);
    return parts(rows / n);
  }

  /// These rows as batches of `n` rows, the last of which may have fewer.
  public List<Batch> parts(int n) {
    if (n >= rows) {
      return List.of(this);
    }
    var parts = new ArrayList<Batch>();
    for (int from = 0; from < rows; from += n) {
      parts.add(slice(from, Math.min(n, rows - from)));
    }
    return parts;
  }

  static void requireDivides(int n, int rows) {
    if (n < 1 || rows % n != 0) {
      throw new IllegalArgumentException("`accumulate` (" + n + ") must divide the batch's rows (" + rows + "); change one of them");
    }
  }

  /// These rows and then `other`'s, which are as long.
  public Batch then(Batch other) {
    if (other.seqLen != seqLen || (other.weights == null) != (weights == null)) {
      throw new IllegalArgumentException("rows of " + seqLen + " and " + other.seqLen + " tokens, "
          + (weights == null ? "without" : "with") + " and " + (other.weights == null ? "without" : "with") + " weights, make no batch; collate them together");
    }
    int[] segments = Arrays.copyOf(segmentIds, segmentIds.length + other.segmentIds.length);
    System.arraycopy(other.segmentIds, 0, segments, segmentIds.length, other.segmentIds.length);
    int[] places = Arrays.copyOf(positions, positions.length + other.positions.length);
    System.arraycopy(other.positions, 0, places, positions.length, other.positions.length);
    float[] both = null;
    if (weights != null && other.weights != null) {
      both = Arrays.copyOf(weights, weights.length + other.weights.length);
      System.arraycopy(other.weights, 0, both, weights.length, other.weights.length);
    }
    return new Batch(rows + other.rows, seqLen, joined(tokens, other.tokens), joined(targets, other.targets), segments, places,
        trainedTokens + other.trainedTokens, both);
  }

  private static long[] joined(long[] a, long[] b) {
    long[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  /// The contiguous share of rank `rank` of `size`, so that the shares of all in their order are this batch. No row is
  /// left out: shares differ by at most one row.
  public Batch share(int rank, int size) {
    Objects.checkIndex(rank, size);
    int from = (int) ((long) rows * rank / size);
    int to = (int) ((long) rows * (rank + 1) / size);
    return size == 1 ? this : slice(from, to - from);
  }

  static long trained(long[] targets) {
    return Arrays.stream(targets).filter(t -> t != IGNORE).count();
  }

  /// What the loss is divided by: the sum of the targets' weights, or their number if they count alike.
  public double totalWeight() {
    if (weights == null) {
      return trainedTokens;
    }
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += targets[i] == IGNORE ? 0 : weights[i];
    }
    return sum;
  }

  /// Whether any row holds several documents or padding, so that attention needs the segments.
  public boolean segmented() {
    return Arrays.stream(segmentIds).anyMatch(s -> s != 0);
  }
}
