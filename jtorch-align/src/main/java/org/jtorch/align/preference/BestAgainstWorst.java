package org.jtorch.align.preference;

import java.util.List;
import java.util.Optional;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.rollout.Answer;

/// Which two of the answers to a prompt become a pair: the best and the worst by their rewards, of several alike the first.
///
/// @param lead δ: the pair is left out if the best one's reward is not above the worst one's by as much; with 0 any lead will do
/// @param cutPenalty taken from the reward of an answer that was cut before it ended; 0 for none
public record BestAgainstWorst(double lead, double cutPenalty) {
  /// Any lead, no penalty.
  public static final BestAgainstWorst ANY = new BestAgainstWorst(0, 0);

  public BestAgainstWorst {
    Require.notNegative("lead", lead, "0");
    Require.notNegative("cut_penalty", cutPenalty, "1");
  }

  /// The pair, unless all answers are as good, the lead is too small, or both say the same. An answer whose reward is NaN is neither.
  ///
  /// @param answers to one prompt
  public Optional<PreferencePair> of(List<Answer> answers, double[] rewards) {
    double[] worth = new double[rewards.length];
    int best = -1;
    int worst = -1;
    for (int i = 0; i < worth.length; i++) {
      worth[i] = answers.get(i).isComplete() ? rewards[i] : rewards[i] - cutPenalty;
      if (!Double.isNaN(worth[i])) {
        best = best < 0 || worth[i] > worth[best] ? i : best;
        worst = worst < 0 || worth[i] < worth[worst] ? i : worst;
      }
    }
    return best < 0 ? Optional.empty() : pair(answers.get(best), answers.get(worst), worth[best] - worth[worst]);
  }

  private Optional<PreferencePair> pair(Answer best, Answer worst, double ahead) {
    boolean pairs = ahead > 0 && ahead >= lead && !best.text().equals(worst.text());
    return pairs ? Optional.of(new PreferencePair(row(best), row(worst))) : Optional.empty();
  }

  private static AnswerRow row(Answer answer) {
    return AnswerRow.of(answer.prompt().tokens(), answer.generation().tokens());
  }
}
