package org.jtorch.eval.needle;

import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.Prompted;

/// Haystacks of text: a piece of a long text with one sentence put into it, and at the end that sentence again as far as the answer.
///
/// ```text
/// ... fell in torrents. The secret word is river. The rain went on, ... The secret word is
/// ```
///
/// The piece begins at a random token of the text, which goes on from its beginning behind its end. The needle lies at the last end
/// of a sentence before its depth, if there is one within a twentieth of the piece, else at the depth itself.
public final class NeedleText implements NeedleSource {
  /// What stands for the answer in a needle.
  public static final String ANSWER = "{answer}";
  public static final String NEEDLE = " The secret word is " + ANSWER + ".";
  public static final String QUESTION = " The secret word is";
  /// Words that most vocabularies know.
  public static final List<String> WORDS = List.of("river", "stone", "garden", "window", "horse", "silver", "bread", "music", "winter", "paper");
  /// The part of a haystack by which a needle may lie before its depth.
  private static final int NEAR = 20;
  private static final String BEFORE = ".";

  private final long[] text;
  private final boolean[] ends;
  private final long[] begin;
  private final List<long[]> needles;
  private final long[] question;
  private final List<long[]> answers;
  private final int longest;

  /// @param text of the haystack; a long one, so that instances differ
  /// @param needle holds [#ANSWER] once
  /// @param question what the prompt ends with; the answer follows behind a space
  /// @param answers that a needle may give, two at least
  /// @throws IllegalArgumentException if one of them is not so
  public NeedleText(PromptEncoder encoder, String text, String needle, String question, List<String> answers) {
    check(text, needle, answers);
    this.text = encoder.texts(List.of(text)).getFirst();
    this.ends = ends(encoder, this.text);
    this.begin = encoder.leading();
    this.needles = behind(encoder, BEFORE, answers.stream().map(a -> needle.replace(ANSWER, a)).toList());
    this.question = behind(encoder, BEFORE, List.of(question)).getFirst();
    this.answers = behind(encoder, BEFORE + question, answers.stream().map(a -> " " + a).toList());
    this.longest = this.answers.stream().mapToInt(a -> a.length).max().orElseThrow();
  }

  private static void check(String text, String needle, List<String> answers) {
    if (text.isBlank()) {
      throw new IllegalArgumentException("`haystack` is blank; give a text of some pages");
    }
    if (needle.split(Pattern.quote(ANSWER), -1).length != 2) {
      throw new IllegalArgumentException("`needle` must hold " + ANSWER + " once but was \"" + needle + "\"; e.g. \"" + NEEDLE + "\"");
    }
    if (answers.size() < 2 || answers.stream().distinct().count() < answers.size() || answers.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("`answers` must be two different ones at least, none blank, but was " + answers
          + "; e.g. [river, stone, garden]");
    }
  }

  /// Tokens of texts as they are in the middle of one: encoders treat the beginning of a text in their own ways.
  private static List<long[]> behind(PromptEncoder encoder, String before, List<String> texts) {
    return encoder.pairs(texts.stream().map(t -> new Prompted(before, t)).toList()).stream().map(Continuation::tokens).toList();
  }

  /// Which tokens end a sentence or a line.
  private static boolean[] ends(PromptEncoder encoder, long[] ids) {
    var ends = new boolean[ids.length];
    for (int i = 0; i < ids.length; i++) {
      String piece = encoder.tokenizer().token(ids[i]);
      ends[i] = Stream.of(".", "!", "?", "。", "Ċ", "\n").anyMatch(piece::endsWith);
    }
    return ends;
  }

  /// Tokens of the shortest prompt with its answer: all of it but the haystack.
  public int shortest() {
    return begin.length + needles.stream().mapToInt(n -> n.length).max().orElseThrow() + question.length + longest;
  }

  @Override public NeedleItem make(int length, int depth, RandomGenerator random) {
    int gold = random.nextInt(answers.size());
    int from = random.nextInt(text.length);
    long[] needle = needles.get(gold);
    int hay = length - begin.length - needle.length - question.length - longest;
    if (hay < 0) {
      throw new IllegalArgumentException("`lengths` holds " + length + ", but needle, question and answer alone have "
          + (length - hay) + " tokens; use more");
    }
    int at = place(from, hay, depth);
    var prompt = LongStream.of(begin);
    prompt = LongStream.concat(prompt, piece(from, at));
    prompt = LongStream.concat(prompt, LongStream.of(needle));
    prompt = LongStream.concat(prompt, piece(from + at, hay - at));
    prompt = LongStream.concat(prompt, LongStream.of(question));
    return new NeedleItem(prompt.toArray(), answers, gold);
  }

  /// Tokens of the haystack before the needle.
  private int place(int from, int hay, int depth) {
    int wanted = (int) Math.round(hay * (depth / 100.0));
    if (wanted == 0 || wanted == hay) {
      return wanted;
    }
    for (int at = wanted; at > 0 && at >= wanted - hay / NEAR; at--) {
      if (ends[(from + at - 1) % text.length]) {
        return at;
      }
    }
    return wanted;
  }

  private LongStream piece(int from, int n) {
    return LongStream.range(0, n).map(i -> text[(int) ((from + i) % text.length)]);
  }
}
