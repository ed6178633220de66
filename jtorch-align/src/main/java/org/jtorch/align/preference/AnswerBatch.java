package org.jtorch.align.preference;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.train.BatchTensors;

/// Answers as one batch, and the sums of their tokens' log-probabilities.
///
/// @param rows targets are the answers' tokens
/// @param counts 1 where a target counts in a preference, else 0, `rows * seqLen` of them
/// @param lengths how many count in each row
/// @param reference log-probabilities under the reference, one for each row; null unless all are known
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record AnswerBatch(Batch rows, float[] counts, float[] lengths, float @Nullable [] reference) implements ScoredAnswers {
  /// @throws IllegalArgumentException for a row that the collator would cut
  static AnswerBatch of(List<AnswerRow> answers, Collator collator) {
    answers.forEach(answer -> ScoredAnswers.require(answer, collator));
    Batch rows = collator.batch(answers.stream().map(AnswerRow::row).toList());
    int seqLen = rows.seqLen();
    float[] counts = new float[rows.rows() * seqLen];
    float[] lengths = new float[rows.rows()];
    float[] reference = new float[rows.rows()];
    boolean known = true;
    for (int r = 0; r < lengths.length; r++) {
      var answer = answers.get(r);
      for (int i = 1; i < answer.row().ids().length; i++) {
        float one = answer.counts(i) ? 1 : 0;
        counts[r * seqLen + i - 1] = one;                                        // a position predicts the token after it
        lengths[r] += one;
      }
      reference[r] = (float) answer.reference();
      known &= !Double.isNaN(answer.reference());
    }
    return new AnswerBatch(rows, counts, lengths, known ? reference : null);
  }

  @Override public BatchTensors input(Device device) {
    return BatchTensors.of(rows, device);
  }

  @Override public Tensor sums(Tensor tokenLogps) {
    return tokenLogps.mul(Ops.of(counts, tokenLogps.device(), rows.rows(), rows.seqLen()).to(tokenLogps.dtype())).sum(1, false);
  }

  @Override public Tensor chosen(Tensor tokenLogps) {
    return tokenLogps.narrow(0, 0, rows.rows() / 2).sum();
  }
}
