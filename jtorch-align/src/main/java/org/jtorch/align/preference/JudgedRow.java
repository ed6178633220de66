package org.jtorch.align.preference;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.align.chats.AnswerRow;
import org.jtorch.align.chats.ChatEncoder;
import org.jtorch.align.chats.Example;
import org.jtorch.align.chats.Problems;
import org.jtorch.io.DataException;

/// An answer, and whether it is good.
public record JudgedRow(AnswerRow answer, boolean good) {
  /// Judgements as rows of which all tokens count.
  ///
  /// @throws DataException if none fits into a row
  public static List<JudgedRow> of(List<Example.Judged> judgements, ChatEncoder encoder, Problems problems) {
    var rows = new ArrayList<JudgedRow>();
    for (var judged : judgements) {
      encoder.answer(judged, problems).ifPresent(answer -> rows.add(new JudgedRow(answer.withFormatCounted(), judged.good())));
    }
    if (rows.isEmpty()) {
      throw new DataException("no judgement makes a row of at most " + encoder.maxTokens() + " tokens: "
          + String.join("; ", problems.describe()));
    }
    return rows;
  }
}
