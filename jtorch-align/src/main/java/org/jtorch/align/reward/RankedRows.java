package org.jtorch.align.reward;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Grades;
import org.jtorch.align.chats.PreferenceLevel;
import org.jtorch.align.chats.Problems;
import org.jtorch.data.TokenRow;
import org.jtorch.io.DataException;

/// Answers to one prompt, the best first: chosen and rejected, or edited, chosen and rejected as in Llama 3 (arXiv:2407.21783, section
/// 4.1), or more. All pairs of them are ranked.
///
/// @param level how much better each is than the next; null if nobody said
/// @param margin by how much it should lead; NaN if nobody said
public record RankedRows(List<Answer> answers, @Nullable PreferenceLevel level, double margin) {
  /// @param row a prompt with its answer; the model's score is read at its last token
  /// @param grades of this answer by itself; null for none
  public record Answer(TokenRow row, @Nullable Grades grades) {}

  public RankedRows {
    answers = List.copyOf(answers);
    if (answers.size() < 2) {
      throw new IllegalArgumentException("a ranking needs two answers or more, the best first, but has " + answers.size());
    }
  }

  /// Two answers of which nothing else is known.
  public static RankedRows of(TokenRow chosen, TokenRow rejected) {
    return new RankedRows(List.of(new Answer(chosen, null), new Answer(rejected, null)), null, Double.NaN);
  }

  /// Comparisons as rows.
  ///
  /// @throws DataException if none fits
  public static List<RankedRows> of(List<Example.Comparison> comparisons, ChatEncoder encoder, Problems problems) {
    var all = new ArrayList<RankedRows>();
    for (var c : comparisons) {
      encoder.answers(c, problems).ifPresent(rows -> {
        var answers = new ArrayList<Answer>();
        for (int i = 0; i < rows.size(); i++) {
          answers.add(new Answer(rows.get(i).row(), c.answers().get(i).grades()));
        }
        all.add(new RankedRows(answers, c.level(), c.margin()));
      });
    }
    if (all.isEmpty()) {
      throw new DataException("no comparison makes rows of at most " + encoder.maxTokens() + " tokens: "
          + String.join("; ", problems.describe()));
    }
    return all;
  }

  /// Those whose level is this one or a clearer one; Llama 3 keeps "significantly better" and "better". What has no level stays.
  public static List<RankedRows> atLeast(PreferenceLevel level, List<RankedRows> all) {
    return all.stream().filter(r -> r.level == null || r.level.compareTo(level) <= 0).toList();
  }

  /// Pairs of answers: n (n − 1) / 2.
  int pairs() {
    return answers.size() * (answers.size() - 1) / 2;
  }
}
