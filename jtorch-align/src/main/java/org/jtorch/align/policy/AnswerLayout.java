package org.jtorch.align.policy;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jtorch.align.rollout.Answer;
import org.jtorch.data.Batch;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;

/// Prompts with their answers as a batch, and where each answer's tokens are: the position before a token predicts it.
///
/// @param rows targets are the answers' tokens
/// @param starts where each row predicts its answer's first token
/// @param lengths tokens of each answer
@SuppressWarnings("ArrayRecordComponent") // goes into tensors, never compared
record AnswerLayout(Batch rows, int[] starts, int[] lengths) {
  /// @throws IllegalArgumentException for an answer that the collator would cut
  static AnswerLayout of(List<Answer> answers, Collator collator) {
    for (var answer : answers) {
      int length = answer.prompt().tokens().length + answer.length();
      if (length > collator.maxLength()) {
        throw new IllegalArgumentException("an answer has " + length + " tokens with its prompt but batches are at most " + collator.maxLength()
            + " long, which would cut its end; allow as many, or fewer new tokens");
      }
    }
    var rows = answers.stream().map(a -> TokenRow.of(a.prompt().tokens(), a.generation().tokens())).toList();
    return new AnswerLayout(collator.batch(rows), answers.stream().mapToInt(a -> a.prompt().tokens().length - 1).toArray(),
        answers.stream().mapToInt(Answer::length).toArray());
  }

  /// Numbers of answers' tokens at their places, 0 elsewhere. `[n, T]`
  ///
  /// @param values of each answer, one for each of its tokens
  Tensor spread(List<float[]> values, Device device) {
    float[] all = new float[rows.rows() * rows.seqLen()];
    for (int r = 0; r < starts.length; r++) {
      System.arraycopy(values.get(r), 0, all, r * rows.seqLen() + starts[r], lengths[r]);
    }
    return Ops.of(all, device, rows.rows(), rows.seqLen());
  }

  /// 1 at each token of an answer, else 0. `[n, T]`
  Tensor mask(Device device) {
    float[] all = new float[rows.rows() * rows.seqLen()];
    for (int r = 0; r < starts.length; r++) {
      Arrays.fill(all, r * rows.seqLen() + starts[r], r * rows.seqLen() + starts[r] + lengths[r], 1);
    }
    return Ops.of(all, device, rows.rows(), rows.seqLen());
  }

  /// The numbers of each answer's tokens.
  ///
  /// @param spread `[n, T]`
  List<float[]> gather(Tensor spread) {
    double[] all = spread.toDoubles();
    return IntStream.range(0, starts.length).mapToObj(r -> {
      float[] of = new float[lengths[r]];
      for (int t = 0; t < of.length; t++) {
        of[t] = (float) all[r * rows.seqLen() + starts[r] + t];
      }
      return of;
    }).toList();
  }
}
