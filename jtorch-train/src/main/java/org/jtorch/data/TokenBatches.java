package org.jtorch.data;

import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.jtorch.io.DataException;

/// Batches of rows of a corpus.
public final class TokenBatches implements BatchSource<Batch> {
  private final RowSource source;
  private final RowOrder order;
  private final int batch;
  private final @Nullable SparseShards teacher;

  public TokenBatches(long seed, int batch, RowSource source) {
    this(batch, source, new BatchOrder(seed, source.rows()), null);
  }

  /// Batches of several sources, each of which gives its share of the tokens.
  ///
  /// @param weights one for each source: any positive numbers
  public static TokenBatches mixed(long seed, int batch, List<RowSource> sources, double[] weights) {
    if (sources.size() == 1) {
      return new TokenBatches(seed, batch, sources.getFirst());
    }
    long[] rows = sources.stream().mapToLong(RowSource::rows).toArray();
    double[] shares = new double[rows.length];
    for (int s = 0; s < shares.length; s++) {
      shares[s] = weights[s] * rows[s] / sources.get(s).tokens();          // sources whose rows are fuller give fewer
    }
    return new TokenBatches(batch, new JoinedRows(sources), MixedOrder.of(seed, rows, shares), null);
  }

  private TokenBatches(int batch, RowSource source, RowOrder order, @Nullable SparseShards teacher) {
    if (batch < 1) {
      throw new IllegalArgumentException("the batch is " + batch + " rows but must have at least one");
    }
    if (batch > source.rows()) {
      throw new IllegalArgumentException("the batch of " + batch + " rows is larger than the corpus of " + source.rows()
          + " rows of " + source.seqLen() + " tokens; use a batch of at most " + source.rows() + ", a shorter sequence or more text");
    }
    Math.multiplyExact(batch, source.seqLen());
    this.source = source;
    this.batch = batch;
    this.order = order;
    this.teacher = teacher;
  }

  /// The same batches with what a captured teacher says of their rows.
  ///
  /// @throws DataException if it was captured on other rows
  public TokenBatches with(SparseShards captured) {
    if (captured.rows() != source.rows() || captured.seqLen() != source.seqLen()) {
      throw new DataException("the teacher in " + captured.folder() + " was captured on " + captured.rows() + " rows of " + captured.seqLen()
          + " tokens, but here are " + source.rows() + " rows of " + source.seqLen() + "; train on the rows that it was captured on, or capture it again");
    }
    return new TokenBatches(batch, source, order, captured);
  }

  /// The rows that batches are made of.
  public RowSource rows() {
    return source;
  }

  @Override
  public Batch at(long step) {
    long[] rows = order.rowsOf(step, batch);
    Batch made = gather(source, rows);
    return teacher == null ? made : made.with(teacher.read(rows));
  }

  /// The rows at `n` positions of the order, from `first` on.
  Batch rows(long first, int n) {
    return gather(source, LongStream.range(first, first + n).map(order::rowAt).toArray());
  }

  /// Given rows in the given order, for validation.
  public static Batch gather(RowSource source, long... rowIds) {
    int seqLen = source.seqLen();
    int size = Math.multiplyExact(rowIds.length, seqLen);
    long[] tokens = new long[size];
    long[] targets = new long[size];
    int[] segments = new int[size];
    int[] positions = new int[size];
    float[] weights = source.weighted() ? new float[size] : null;
    long[] row = new long[seqLen + 1];
    int[] rowSegments = new int[seqLen + 1];
    float[] rowWeights = new float[seqLen + 1];
    for (int r = 0; r < rowIds.length; r++) {
      source.row(rowIds[r], row, rowSegments);
      source.weights(rowIds[r], rowWeights);
      System.arraycopy(row, 0, tokens, r * seqLen, seqLen);
      System.arraycopy(rowSegments, 0, segments, r * seqLen, seqLen);
      if (weights != null) {
        System.arraycopy(rowWeights, 1, weights, r * seqLen, seqLen);
      }
      for (int i = 0, start = 0; i < seqLen; i++) {
        start = i > 0 && rowSegments[i] != rowSegments[i - 1] ? i : start;
        positions[r * seqLen + i] = i - start;
        boolean trained = rowSegments[i] >= 0 && rowSegments[i] == rowSegments[i + 1] && rowWeights[i + 1] != 0;
        targets[r * seqLen + i] = trained ? row[i + 1] : Batch.IGNORE;
      }
    }
    return new Batch(rowIds.length, seqLen, tokens, targets, segments, positions, Batch.trained(targets), weights);
  }

  /// A hash of the row numbers of a step and their order, to compare what two runs saw.
  public long dataOrderHash(long step) {
    long hash = source.rows();
    for (long row : order.rowsOf(step, batch)) {
      hash = BatchOrder.mix(hash * 31 + row);
    }
    return hash;
  }

  @Override
  public RowOrder order() {
    return order;
  }

  @Override
  public int batch() {
    return batch;
  }

  public int seqLen() {
    return source.seqLen();
  }
}
