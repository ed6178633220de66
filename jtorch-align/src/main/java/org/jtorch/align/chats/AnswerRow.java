package org.jtorch.align.chats;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.jtorch.data.TokenRow;

/// A prompt with an answer as tokens.
///
/// @param row the answer's tokens have the weight 1, the others 0; it ends where the answer ends
/// @param format for each token whether preferences leave it out, because the template wrote it: the answer's end, its header; null for none
/// @param reference the log-probability of the answer under a reference model, summed over the tokens that preferences count; NaN if
///     it is not known
@SuppressWarnings("ArrayRecordComponent") // goes into batches, never compared
public record AnswerRow(TokenRow row, boolean @Nullable [] format, double reference) {
  public AnswerRow {
    if (format != null && format.length != row.ids().length) {
      throw new IllegalArgumentException(row.ids().length + " ids but " + format.length + " marks of format; give one for each id");
    }
  }

  /// A prompt that is read and an answer of which all tokens count.
  public static AnswerRow of(long[] prompt, long[] answer) {
    return new AnswerRow(TokenRow.of(prompt, answer), null, Double.NaN);
  }

  /// The same where the template's tokens count, too.
  public AnswerRow withFormatCounted() {
    return new AnswerRow(row, null, Double.NaN);
  }

  public AnswerRow withReference(double logProb) {
    return new AnswerRow(row, format, logProb);
  }

  /// Whether a preference counts the token at an index.
  public boolean counts(int index) {
    return learned(index) && (format == null || !format[index]);
  }

  /// Where the answer begins; the number of tokens if there is none.
  public int start() {
    int at = 0;
    while (at < row.ids().length && !learned(at)) {
      at++;
    }
    return at;
  }

  /// This prompt with the answer of another row.
  public AnswerRow answeredBy(AnswerRow other) {
    long[] ids = row.ids();
    long[] others = other.row.ids();
    int from = other.start();
    int shift = start() - from;
    long[] joined = Arrays.copyOf(ids, others.length + shift);
    float[] weights = new float[joined.length];
    boolean[] marks = other.format == null ? null : new boolean[joined.length];
    for (int i = from; i < others.length; i++) {
      joined[i + shift] = others[i];
      weights[i + shift] = other.learned(i) ? 1 : 0;
      if (marks != null && other.format != null) {
        marks[i + shift] = other.format[i];
      }
    }
    return new AnswerRow(new TokenRow(joined, weights), marks, Double.NaN);
  }

  /// How many tokens are learned: those with a weight, but for the first, which nothing predicts.
  public long learned() {
    long n = 0;
    for (int i = 1; i < row.ids().length; i++) {
      n += learned(i) ? 1 : 0;
    }
    return n;
  }

  /// Whether a token belongs to an answer.
  public boolean learned(int index) {
    float[] weights = row.weights();
    return weights == null || weights[index] != 0;
  }
}
