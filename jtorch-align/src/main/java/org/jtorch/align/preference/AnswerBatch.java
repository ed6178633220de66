package org.jtorch.align.preference;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.decoder.CausalLm;
import org.jtorch.loss.TokenLogProbs;
import org.jtorch.nn.Pass;
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
record AnswerBatch(Batch rows, float[] counts, float[] lengths, float @Nullable [] reference) {
  /// @throws IllegalArgumentException for a row that the collator would cut
  static AnswerBatch of(List<AnswerRow> answers, Collator collator) {
    for (var answer : answers) {
      if (answer.row().ids().length > collator.maxLength()) {
        throw new IllegalArgumentException("an answer has " + answer.row().ids().length + " tokens with its prompt but batches are at most "
            + collator.maxLength() + " long, which would cut its end; encode with `max_tokens` of " + collator.maxLength());
      }
    }
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

  /// The log-probability of each answer's tokens, 0 elsewhere. `[rows, T]`
  Tensor tokenLogps(CausalLm model, BatchTensors input, Pass pass, int chunkTokens) {
    return tokenLogps(model, rows, input, pass, chunkTokens);
  }

  static Tensor tokenLogps(CausalLm model, Batch rows, BatchTensors input, Pass pass, int chunkTokens) {
    Tensor hidden = model.hidden(input.tokens(), input.on(pass), null);                 // [rows, T, C]
    return new TokenLogProbs(chunkTokens).of(model, hidden, rows.targets(), pass.tape()).view(rows.rows(), rows.seqLen());
  }

  /// The sums over the tokens that count. tokenLogps `[rows, T]`; result `[rows]`
  Tensor sums(Tensor tokenLogps) {
    return tokenLogps.mul(Ops.of(counts, tokenLogps.device(), rows.rows(), rows.seqLen()).to(tokenLogps.dtype())).sum(1, false);
  }

  /// `[rows]`
  Tensor lengths(Device device) {
    return Ops.of(lengths, device, lengths.length);
  }
}
