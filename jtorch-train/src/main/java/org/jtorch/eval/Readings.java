package org.jtorch.eval;

import java.util.Arrays;
import org.jtorch.decoder.CausalLm;
import org.jtorch.eval.ScoringPlan.Ask;
import org.jtorch.eval.ScoringPlan.Row;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.kernel.TokenPass;

/// Which tokens are looked up behind which positions of a forward.
final class Readings {
  /// What the logits of a chunk take at most, in float32.
  private static final long CHUNK_BYTES = 64L << 20;

  private final int columns;
  private long[] places = new long[64];
  private long[] targets = new long[64];
  private int[] requests = new int[64];
  private int count;

  /// Hears of a token that was looked up.
  interface Sink {
    /// @param best whether no token is more probable
    void found(int request, double logProb, boolean best);
  }

  /// @param columns tokens of each row of the forward
  Readings(int columns) {
    this.columns = columns;
  }

  /// What a row's questions ask of positions `[from, to)`, which are row `index` of the forward.
  void add(int index, Row row, int from, int to) {
    for (Ask ask : row.asks) {
      for (int j = 0; j < ask.targets().length; j++) {
        int at = ask.first() + j;
        if (at >= from && at < to) {
          add(ask.request(), (long) index * columns + at - from, ask.targets()[j]);
        }
      }
    }
  }

  private void add(int request, long place, long target) {
    if (count == places.length) {
      places = Arrays.copyOf(places, 2 * count);
      targets = Arrays.copyOf(targets, 2 * count);
      requests = Arrays.copyOf(requests, 2 * count);
    }
    places[count] = place;
    targets[count] = target;
    requests[count++] = request;
  }

  /// hidden `[R * T, C]`
  void read(CausalLm model, Tensor hidden, Sink sink) {
    int chunk = (int) Math.clamp(CHUNK_BYTES / (4L * model.vocabSize()), 16, 4_096);
    for (int from = 0; from < count; from += chunk) {
      int n = Math.min(chunk, count - from);
      try (var _ = TensorScope.open()) {
        Tensor at = Ops.of(Arrays.copyOfRange(places, from, from + n), hidden.device(), n);
        Tensor logits = model.logits(hidden.indexSelect(0, at));                                  // [n, V]
        double[] logProbs = TokenPass.forward(logits, Ops.of(Arrays.copyOfRange(targets, from, from + n), hidden.device(), n))
            .logProbs().toDoubles();
        long[] best = logits.argMax(1).toLongs();
        for (int i = 0; i < n; i++) {
          sink.found(requests[from + i], logProbs[i], best[i] == targets[from + i]);
        }
      }
    }
  }
}
