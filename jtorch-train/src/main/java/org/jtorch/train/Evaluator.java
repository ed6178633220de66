package org.jtorch.train;

import java.util.stream.LongStream;
import org.jtorch.data.Batch;
import org.jtorch.data.RowSource;
import org.jtorch.data.TokenBatches;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.ChunkedCrossEntropy;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.tensor.ranks.Ranks;

/// Validation loss in bits per byte, which does not depend on the tokenizer.
///
/// Every token of the held-out text is paid for: one that no context predicts (the first of a document) costs
/// `log2 V` bits, what a uniform guess costs, so that the figure is comparable with a compressor's.
///
/// @param bytes of the held-out text in UTF-8
/// @param tokens in the held-out text
public record Evaluator(RowSource rows, long bytes, long tokens, int batch) {
  /// @param loss mean negative log-likelihood per predicted token, in nats
  public record Score(double loss, double bitsPerByte, long predicted) {
    public double perplexity() {
      return Math.exp(loss);
    }
  }

  public Score score(CausalLm model) {
    return score(model, Ranks.ALONE);
  }

  /// The same on every rank, each of which runs every [Ranks#size]-th batch.
  public Score score(CausalLm model, Ranks ranks) {
    var crossEntropy = new ChunkedCrossEntropy();
    double sum = 0;
    long predicted = 0;
    for (long first = (long) batch * ranks.rank(); first < rows.rows(); first += (long) batch * ranks.size()) {
      Batch b = TokenBatches.gather(rows, LongStream.range(first, Math.min(first + batch, rows.rows())).toArray());
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var input = BatchTensors.of(b, model.device());
        sum += crossEntropy.sum(model, model.hidden(input.tokens(), input.on(Pass.EMPTY), null), b.targets());
      }
      predicted += b.trainedTokens();
    }
    double[] all = ranks.sum(sum, predicted);
    return score(model, all[0], (long) all[1]);
  }

  private Score score(CausalLm model, double sum, long predicted) {
    double bits = sum / Math.log(2) + (tokens - predicted) * (Math.log(model.vocabSize()) / Math.log(2));
    return new Score(sum / Math.max(1, predicted), bits / bytes, predicted);
  }
}
