package org.jtorch.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Pairs as one batch: `n` chosen rows, then their `n` rejected ones in the same order, so that one forward sees both.
public record PairBatch(Batch rows) {
  public PairBatch {
    if (rows.rows() % 2 != 0) {
      throw new IllegalArgumentException(rows.rows() + " rows are no pairs; give the chosen rows and then as many rejected ones");
    }
  }

  public int pairs() {
    return rows.rows() / 2;
  }

  public Batch chosen() {
    return rows.slice(0, pairs());
  }

  public Batch rejected() {
    return rows.slice(pairs(), pairs());
  }

  /// `n` pairs from `from` on.
  public PairBatch slice(int from, int n) {
    Objects.checkFromIndexSize(from, n, pairs());
    return new PairBatch(rows.slice(from, n).then(rows.slice(pairs() + from, n)));
  }

  /// `n` micro-batches of equally many pairs.
  public List<PairBatch> split(int n) {
    Batch.requireDivides(n, pairs());
    if (n == 1) {
      return List.of(this);
    }
    var parts = new ArrayList<PairBatch>();
    for (int i = 0; i < n; i++) {
      parts.add(slice(i * (pairs() / n), pairs() / n));
    }
    return parts;
  }
}
