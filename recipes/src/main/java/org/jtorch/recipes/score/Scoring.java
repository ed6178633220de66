package org.jtorch.recipes.score;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.io.DataException;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;

/// The mean cross-entropy of targets at the later places of rows.
///
/// @param from the first place of a row that counts
/// @param limit rows at most; 0 for all
/// @param batch rows at once
public record Scoring(RowSource rows, int from, long limit, int batch) {
  /// In nats per token.
  public double loss(CausalLm model) {
    long count = limit == 0 ? rows.rows() : Math.min(limit, rows.rows());
    var crossEntropy = new ChunkedCrossEntropy();
    double sum = 0;
    long counted = 0;
    for (long first = 0; first < count; first += batch) {
      Batch b = TokenBatches.gather(rows, LongStream.range(first, Math.min(first + batch, count)).toArray());
      long[] targets = late(b);
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var input = BatchTensors.of(b, model.device());
        sum += crossEntropy.sum(model, model.hidden(input.tokens(), input.on(Pass.EMPTY), null), targets);
      }
      counted += Arrays.stream(targets).filter(t -> t >= 0).count();
    }
    if (counted == 0) {
      throw new DataException("no held-out row has a target from place " + from + " on; use shorter rows, or hold out more");
    }
    return sum / counted;
  }

  /// The batch's targets, those at early places left out.
  private long[] late(Batch b) {
    long[] targets = b.targets().clone();
    for (int row = 0; row < b.rows(); row++) {
      Arrays.fill(targets, row * b.seqLen(), row * b.seqLen() + from, Batch.IGNORE);
    }
    return targets;
  }
}
