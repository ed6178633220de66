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

/// Answers as a batch, however they lie in its rows, and the sums of their tokens' log-probabilities; n answers.
sealed interface ScoredAnswers permits AnswerBatch, BranchedPairs {
  /// Pairs in the layout that computes less: the chosen answers first, then the rejected ones.
  ///
  /// @param model that will read them
  static ScoredAnswers ofPairs(List<PreferencePair> pairs, Collator collator, CausalLm model) {
    return model.branches() && BranchedPairs.pays(pairs, collator) ? BranchedPairs.of(pairs, collator)
        : AnswerBatch.of(PreferencePair.rows(pairs), collator);
  }

  /// Targets are the answers' tokens.
  Batch rows();

  /// How many tokens count in each answer, `n`.
  float[] lengths();

  /// Log-probabilities under the reference, one for each answer; null unless all are known.
  float @Nullable [] reference();

  /// The rows on the device, and how they lie.
  BatchTensors input(Device device);

  /// The sums over the tokens that count. tokenLogps `[rows, T]`; result `[n]`
  Tensor sums(Tensor tokenLogps);

  /// The sum over all tokens of the chosen answers, those of the format, too. tokenLogps `[rows, T]`; result a scalar
  Tensor chosen(Tensor tokenLogps);

  /// `[n]`
  default Tensor lengths(Device device) {
    return Ops.of(lengths(), device, lengths().length);
  }

  /// The log-probability of each target, 0 where there is none. `[rows, T]`
  static Tensor tokenLogps(CausalLm model, Batch rows, BatchTensors input, Pass pass, TokenLogProbs how) {
    Tensor hidden = model.hidden(input.tokens(), input.on(pass), null);                 // [rows, T, C]
    return how.of(model, hidden, rows.targets(), pass.tape()).view(rows.rows(), rows.seqLen());
  }

  /// @throws IllegalArgumentException for an answer that the collator would cut
  static void require(AnswerRow answer, Collator collator) {
    if (answer.row().ids().length > collator.maxLength()) {
      throw new IllegalArgumentException("an answer has " + answer.row().ids().length + " tokens with its prompt but batches are at most "
          + collator.maxLength() + " long, which would cut its end; encode with `max_tokens` of " + collator.maxLength());
    }
  }
}
