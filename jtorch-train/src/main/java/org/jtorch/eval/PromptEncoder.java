package org.jtorch.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

/// Texts of an evaluation as tokens, as EleutherAI's lm-evaluation-harness makes them: a context and its continuation are encoded
/// as one text, and what follows the context's own tokens is the continuation. Spaces at the end of the context belong to the
/// continuation, for tokens begin with a space and do not end with one.
///
/// Names of special tokens count in prompts, which a task's author wrote; in texts ([#texts]) they are ordinary characters.
public final class PromptEncoder {
  private final Tokenizer tokenizer;
  private final long[] leading;
  private final long start;

  /// @param special whether texts begin as the tokenizer's own post-processor lets them begin (BOS)
  /// @param start what an empty context stands for, and what comes before a text's first token, where no special token begins it:
  ///     BOS or else EOS; negative if the tokenizer has neither
  public PromptEncoder(Tokenizer tokenizer, boolean special, long start) {
    this.tokenizer = tokenizer;
    this.leading = special ? leading(tokenizer) : new long[0];
    this.start = leading.length > 0 ? leading[leading.length - 1] : start;
  }

  /// What a post-processor puts before a text. What it puts behind one, as encoders want it, ends a text and is left out.
  private static long[] leading(Tokenizer tokenizer) {
    long[] with = tokenizer.encode("a", true);
    long[] without = tokenizer.encode("a", false);
    for (int from = 0; from + without.length <= with.length; from++) {
      if (Arrays.equals(with, from, from + without.length, without, 0, without.length)) {
        return Arrays.copyOf(with, from);
      }
    }
    return new long[0];
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /// The special tokens that every prompt begins with.
  public long[] leading() {
    return leading.clone();
  }

  /// The token before the first token of a text.
  ///
  /// @throws DataException if the tokenizer has none to begin with
  public long start() {
    if (start < 0) {
      throw new DataException(tokenizer.file() + " has no token that a text can begin with (BOS or EOS), but this evaluation"
          + " asks for the probability of a text's first token");
    }
    return start;
  }

  /// Contexts and their continuations, pair by pair.
  ///
  /// @throws DataException if a continuation has no tokens of its own
  public List<Continuation> pairs(List<Prompted> pairs) {
    var contexts = new ArrayList<String>();
    var wholes = new ArrayList<String>();
    for (var pair : pairs) {
      String context = withoutSpaces(pair.context());
      contexts.add(context);
      wholes.add(pair.context() + pair.continuation());
    }
    var before = tokenizer.encodeAll(contexts, false);
    var whole = tokenizer.encodeAll(wholes, false);
    var made = new ArrayList<Continuation>();
    for (int i = 0; i < pairs.size(); i++) {
      int cut = contexts.get(i).isEmpty() ? 0 : before.get(i).length;
      if (cut >= whole.get(i).length) {
        throw new DataException("the answer \"" + pairs.get(i).continuation() + "\" adds no token to the end of its prompt, \"..."
            + tail(pairs.get(i).context()) + "\"; begin answers with a space (`delimiter`), and let none be empty");
      }
      made.add(new Continuation(begun(cut == 0 ? new long[0] : before.get(i)), Arrays.copyOfRange(whole.get(i), cut, whole.get(i).length)));
    }
    return made;
  }

  /// Texts to go on from.
  public List<long[]> prompts(List<String> texts) {
    return tokenizer.encodeAll(texts, false).stream().map(this::begun).toList();
  }

  /// Ids of foreign text, without anything before them.
  public List<long[]> texts(List<String> texts) {
    return tokenizer.encodeTexts(texts);
  }

  private long[] begun(long[] ids) {
    long[] all = LongStream.concat(Arrays.stream(leading), Arrays.stream(ids)).toArray();
    return all.length > 0 ? all : new long[] {start()};
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - 20));
  }

  /// As Python's `rstrip`.
  static String withoutSpaces(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
  }
}
