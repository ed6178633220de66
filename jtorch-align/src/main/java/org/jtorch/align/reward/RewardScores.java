package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.align.Share;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.jtorch.train.BatchTensors;

/// The rewards that a trained model gives.
///
/// @param batch rows of a forward
public record RewardScores(DecoderClassifier model, Collator collator, int batch) {
  public RewardScores {
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 16 is usual");
    }
  }

  /// The same as [#of], but rows of like length are scored together, which wastes less on padding.
  public double[] byLength(List<TokenRow> rows) {
    int[] order = IntStream.range(0, rows.size()).boxed().sorted(Comparator.comparingInt(i -> rows.get(i).ids().length)).mapToInt(i -> i).toArray();
    double[] sorted = of(Arrays.stream(order).mapToObj(rows::get).toList());
    double[] scores = new double[sorted.length];
    for (int i = 0; i < order.length; i++) {
      scores[order[i]] = sorted[i];
    }
    return scores;
  }

  /// One number for each row, in their order.
  public double[] of(List<TokenRow> rows) {
    var scores = new ArrayList<Double>(rows.size());
    for (var part : Share.parts(rows, batch)) {
      try (var _ = TensorScope.open(); var _ = Grad.off()) {
        var laid = collator.batch(part);
        var input = BatchTensors.of(laid, model.device());
        var mask = RankedBatch.mask(laid, model.device());
        for (double score : model.logits(input.tokens(), Pass.EMPTY.withKeyMask(mask)).toDoubles()) {
          scores.add(score);
        }
      }
    }
    return scores.stream().mapToDouble(d -> d).toArray();
  }
}
