package org.jtorch.align.preference;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.jtorch.align.TinyPolicy;
import org.jtorch.align.chats.AnswerRow;

/// Pairs in which the chosen answer holds even tokens and the rejected one odd tokens, both of random lengths, both ended by token 1.
final class Answers {
  private Answers() {}

  static List<PreferencePair> pairs(int n, long seed) {
    var random = new Random(seed);
    return IntStream.range(0, n).mapToObj(_ -> {
      long[] prompt = random.longs(2 + random.nextInt(3), 2, TinyPolicy.VOCAB).toArray();
      return new PreferencePair(AnswerRow.of(prompt, answer(random, 0)), AnswerRow.of(prompt, answer(random, 1)));
    }).toList();
  }

  private static long[] answer(Random random, int odd) {
    int n = 2 + random.nextInt(5);
    return IntStream.range(0, n).mapToLong(i -> i == n - 1 ? 1 : 2 + 2 * random.nextInt(29) + odd).toArray();
  }

  /// The same with the last token of each answer marked as the template's.
  static PreferencePair marked(PreferencePair pair) {
    return new PreferencePair(marked(pair.chosen()), marked(pair.rejected()));
  }

  private static AnswerRow marked(AnswerRow row) {
    boolean[] format = new boolean[row.row().ids().length];
    format[format.length - 1] = true;
    return new AnswerRow(row.row(), format, Double.NaN);
  }

}
