package org.jtorch.align.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.align.reward.RewardScores;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Reward;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.data.Collator;
import org.jtorch.data.TokenRow;
import org.jtorch.head.DecoderClassifier;
import org.jtorch.head.Labels;

/// What a reward model says of a prompt with its answer, written by the reward model's own template and tokenizer: the policy may have
/// others. Rows of like length are scored together, without gradients.
///
/// An answer that was cut is scored as if it ended there, because that is what reward models have learned to read; [MissingStop] makes the
/// difference. One that does not fit the encoder's rows is NaN.
///
/// @param encoder of the reward model's folder
/// @param batch rows of a forward
public record ModelReward(DecoderClassifier model, ChatEncoder encoder, int batch) implements Reward {
  private static final int MULTIPLE = 8;

  public ModelReward {
    if (model.labels().count() != Labels.SCORE.count()) {
      throw new IllegalArgumentException("a reward model gives one number but this one has " + model.labels().count()
          + " labels; train one with `type: reward`");
    }
    if (batch < 1) {
      throw new IllegalArgumentException("`batch` must be >= 1 but was " + batch + "; 16 is usual");
    }
  }

  @Override public double[] of(List<Answer> answers) {
    return of(answers, new Problems());
  }

  /// The same, saying which answers do not fit.
  public double[] of(List<Answer> answers, Problems problems) {
    double[] scores = new double[answers.size()];
    Arrays.fill(scores, Double.NaN);
    var rows = new ArrayList<Placed>();
    for (int i = 0; i < scores.length; i++) {
      int at = i;
      row(answers.get(i), problems).ifPresent(row -> rows.add(new Placed(at, row)));
    }
    var collator = new Collator(encoder.maxTokens(), Math.min(MULTIPLE, encoder.maxTokens()));
    double[] found = new RewardScores(model, collator, batch).byLength(rows.stream().map(Placed::row).toList());
    for (int i = 0; i < found.length; i++) {
      scores[rows.get(i).at] = found[i];
    }
    return scores;
  }

  private record Placed(int at, TokenRow row) {}

  private Optional<TokenRow> row(Answer answer, Problems problems) {
    if (answer.text().isBlank()) {
      problems.add(Problems.Kind.EMPTY, answer.prompt().place(), "has an answer without a text");
      return Optional.empty();
    }
    var turn = new Example.Answer(List.of(new Message("assistant", answer.text())), null);
    return encoder.answer(new Example.Judged(answer.prompt().chat(), turn, true, answer.prompt().place()), problems).map(AnswerRow::row);
  }
}
