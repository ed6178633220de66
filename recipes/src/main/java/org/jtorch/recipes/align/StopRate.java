package org.jtorch.recipes.align;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jtorch.align.Share;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.decoder.Decoder;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;

/// Whether a model stops where answers do: how many stop tokens it expects along an answer, which has one. More, and answers break off; fewer,
/// and they run on or repeat their end, which DPO is prone to (Llama 3, arXiv:2407.21783, section 4.1.4).
final class StopRate {
  private static final int CHUNK = 1024;
  /// The expected number.
  static final String STOPS = "stops";
  /// How far that is from one.
  static final String ERROR = "stop_error";

  private StopRate() {}

  /// Both figures; none for no rows.
  ///
  /// @param rows whose trained tokens are an answer and its end
  /// @param batch rows at once
  static SequencedMap<String, Double> of(Decoder model, List<TokenRow> rows, List<Long> stops, Collator collator, int batch) {
    var figures = new LinkedHashMap<String, Double>();
    if (rows.isEmpty()) {
      return figures;
    }
    double sum = 0;
    for (var part : Share.parts(rows, batch)) {
      var laid = collator.batch(part);
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var input = BatchTensors.of(laid, model.device());
        var hidden = model.hidden(input.tokens(), input.on(Pass.EMPTY), null);               // [rows, T, C]
        for (long stop : stops) {
          long[] targets = Arrays.stream(laid.targets()).map(t -> t == Batch.IGNORE ? Batch.IGNORE : stop).toArray();
          double[] logps = new TokenLogProbs(CHUNK).of(model, hidden, targets, null).toDoubles();
          for (int i = 0; i < logps.length; i++) {
            sum += targets[i] == Batch.IGNORE ? 0 : Math.exp(logps[i]);
          }
        }
      }
    }
    double turns = sum / rows.stream().mapToLong(StopRate::turns).sum();
    figures.put(STOPS, turns);
    figures.put(ERROR, Math.abs(turns - 1));
    return figures;
  }

  /// How many turns of a row are learned: runs of tokens with a weight.
  private static long turns(TokenRow row) {
    float[] weights = row.weights();
    long runs = 0;
    for (int i = 0; i < row.ids().length; i++) {
      boolean learned = weights == null || weights[i] > 0;
      boolean before = i > 0 && (weights == null || weights[i - 1] > 0);
      runs += learned && !before ? 1 : 0;
    }
    return Math.max(1, runs);
  }
}
