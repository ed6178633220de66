package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.io.DataException;

/// Two answers to one prompt, of which the first was preferred.
public record PreferencePair(AnswerRow chosen, AnswerRow rejected) {
  /// Comparisons as pairs, of more than two answers the best against the worst.
  ///
  /// @param maskFormat leave out what the template wrote into the answers: Llama 3's formatting tokens, arXiv:2407.21783, section 4.1
  /// @throws DataException if none fits into a row
  public static List<PreferencePair> of(List<Example.Comparison> comparisons, ChatEncoder encoder, boolean maskFormat, Problems problems) {
    var pairs = new ArrayList<PreferencePair>();
    for (var comparison : comparisons) {
      encoder.answers(comparison, problems).ifPresent(answers -> {
        var pair = new PreferencePair(answers.getFirst(), answers.getLast());
        pairs.add(maskFormat ? pair : pair.withFormatCounted());
      });
    }
    if (pairs.isEmpty()) {
      throw new DataException("no comparison makes a pair of rows of at most " + encoder.maxTokens() + " tokens: "
          + String.join("; ", problems.describe()));
    }
    return pairs;
  }

  private PreferencePair withFormatCounted() {
    return new PreferencePair(chosen.withFormatCounted(), rejected.withFormatCounted());
  }

  /// All chosen answers, then all rejected ones.
  static List<AnswerRow> rows(List<PreferencePair> pairs) {
    var rows = new ArrayList<AnswerRow>(2 * pairs.size());
    pairs.forEach(p -> rows.add(p.chosen));
    pairs.forEach(p -> rows.add(p.rejected));
    return rows;
  }
}
