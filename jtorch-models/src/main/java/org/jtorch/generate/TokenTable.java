package org.jtorch.generate;

import java.util.Arrays;
import java.util.List;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Texts of different lengths as one table whose rows end together, with room for new tokens. B rows, S columns so far.
///
/// Padding repeats the row's first token: it is hidden by the mask, and the repetition penalty sees nothing foreign.
final class TokenTable {
  private final int capacity;
  /// int64 `[B, capacity]`
  private final Tensor tokens;
  private final Pass pass;
  private final boolean padded;
  private final Tensor positions;
  private int columns;

  /// @param pass what all forwards have in common
  TokenTable(List<long[]> texts, int capacity, Pass pass, Device device) {
    int rows = texts.size();
    this.capacity = capacity;
    this.columns = texts.stream().mapToInt(t -> t.length).max().orElseThrow();
    this.padded = texts.stream().anyMatch(t -> t.length < columns);
    var ids = new long[rows * capacity];
    var real = new long[rows * capacity];
    var at = new long[rows * capacity];
    for (int i = 0; i < rows; i++) {
      long[] text = texts.get(i);
      int first = i * capacity;
      int start = first + columns - text.length;
      Arrays.fill(ids, first, first + capacity, text[0]);
      System.arraycopy(text, 0, ids, start, text.length);
      Arrays.fill(real, start, first + capacity, 1);
      for (int j = start; j < first + capacity; j++) {
        at[j] = (long) j - start;
      }
    }
    tokens = Ops.of(ids, device, rows, capacity);
    positions = Ops.of(at, device, rows, capacity);
    this.pass = padded ? pass.withKeyMask(Ops.of(real, device, rows, capacity).eq(1)) : pass;
  }

  /// The longest text so far.
  int columns() {
    return columns;
  }

  boolean isFull() {
    return columns == capacity;
  }

  /// Columns `[from, from + n)`. int64 `[B, n]`
  Tensor ids(int from, int n) {
    return tokens.narrow(1, from, n);
  }

  /// For a forward over columns `[from, from + n)`.
  Pass pass(int from, int n) {
    return padded ? pass.withPositions(positions.narrow(1, from, n)) : pass;
  }

  /// All tokens so far. int64 `[B, S]`
  Tensor seen() {
    return ids(0, columns);
  }

  /// One more token a row. int64 `[B]`
  void append(Tensor next) {
    tokens.select(1, columns++).copyInPlace(next);
  }
}
