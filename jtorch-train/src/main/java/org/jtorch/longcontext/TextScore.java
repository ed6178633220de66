package org.jtorch.longcontext;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.BatchTensors;
import org.jtorch.train.Evaluator;

/// Bits per byte of a held-out text with their standard error, as the rows vary.
///
/// @param rows the text, cut as the model is to read it
/// @param bytes of the text in UTF-8
/// @param tokens of the text; one that no context predicts costs what a uniform guess does, as for an [Evaluator]
/// @param batch rows at a time
public record TextScore(RowSource rows, long bytes, long tokens, int batch) {
  /// What a model costs on the text.
  ///
  /// @param loss nats per predicted token
  /// @param standardError of the bits per byte; NaN of one row
  public record Bits(double loss, double bitsPerByte, double standardError) {
    /// As a figure for a gate.
    public ShortContext.Score score() {
      return ShortContext.Score.loss(bitsPerByte, standardError);
    }
  }

  /// The mean over all predicted tokens is a ratio of sums over rows; its error is that of `Σ (nats - mean · predicted)`, to first order
  /// (Cochran, Sampling Techniques, section 2.11).
  public Bits of(CausalLm model, Ranks ranks) {
    double[] sums = ranks.sum(sums(model, ranks));
    double nats = sums[0];
    double predicted = sums[1];
    double mean = nats / Math.max(1, predicted);
    double squares = Math.max(0, sums[2] - 2 * mean * sums[3] + mean * mean * sums[4]);
    double n = rows.rows();
    double bits = nats / Math.log(2) + (tokens - predicted) * (Math.log(model.vocabSize()) / Math.log(2));
    double error = n < 2 ? Double.NaN : Math.sqrt(squares * n / (n - 1)) / Math.log(2) / bytes;
    return new Bits(mean, bits / bytes, error);
  }

  /// The same in one process.
  public Bits of(CausalLm model) {
    return of(model, Ranks.ALONE);
  }

  /// Over the rows of this rank: nats, predicted tokens, and the sums of their squares and products.
  private double[] sums(CausalLm model, Ranks ranks) {
    double[] sums = new double[5];
    for (long first = (long) batch * ranks.rank(); first < rows.rows(); first += (long) batch * ranks.size()) {
      Batch b = TokenBatches.gather(rows, LongStream.range(first, Math.min(first + batch, rows.rows())).toArray());
      double[] nats = nats(model, b);
      for (int r = 0; r < nats.length; r++) {
        long predicted = Arrays.stream(b.targets(), r * b.seqLen(), (r + 1) * b.seqLen()).filter(t -> t != Batch.IGNORE).count();
        add(sums, nats[r], predicted);
      }
    }
    return sums;
  }

  private static void add(double[] sums, double nats, double predicted) {
    sums[0] += nats;
    sums[1] += predicted;
    sums[2] += nats * nats;
    sums[3] += nats * predicted;
    sums[4] += predicted * predicted;
  }

  /// Of each row.
  private static double[] nats(CausalLm model, Batch b) {
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var input = BatchTensors.of(b, model.device());
      Tensor hidden = model.hidden(input.tokens(), input.on(Pass.EMPTY), null);                        // [B, T, C]
      Tensor found = new TokenLogProbs().of(model, hidden, b.targets(), null).view(b.rows(), b.seqLen());
      return found.neg().sum(1, false, DType.F64).toDoubles();
    }
  }
}
