package org.jtorch.align.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.jtorch.align.check.ExactMatch.Ignored;
import org.jtorch.align.rollout.Answer;
import org.jtorch.align.rollout.Prompt;
import org.jtorch.align.rollout.Reward;
import org.jtorch.chat.Chat;
import org.jtorch.chat.ChatTemplate.Message;
import org.jtorch.generate.Generation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CheckTest {
  static Answer answer(String text, @Nullable String solution, int tokens, boolean stopped) {
    var prompt = new Prompt(Chat.of(List.of(new Message("user", "q"))), new long[] {1}, solution, "prompts.jsonl:1");
    return new Answer(prompt, new Generation(new long[tokens], new float[tokens], new float[tokens], stopped), text);
  }

  private static double judge(Reward reward, String text, @Nullable String solution) {
    return reward.of(List.of(answer(text, solution, 3, true)))[0];
  }

  // ---- exact match

  @Test void exactMatchOverlooksWhatItIsTold() {
    var strict = new ExactMatch(Set.of());
    assertThat(judge(strict, " Paris\n", "Paris")).isOne();
    assertThat(judge(strict, "paris", "Paris")).isZero();
    assertThat(judge(new ExactMatch(Set.of(Ignored.CASE)), "PARIS", "Paris")).isOne();
    assertThat(judge(new ExactMatch(Set.of(Ignored.SPACE)), "New \n York", "New York")).isOne();
    assertThat(judge(new ExactMatch(Set.of(Ignored.PUNCTUATION)), "It's Zürich.", "Its Zürich")).isOne();
    assertThat(judge(new ExactMatch(Set.of(Ignored.values())), "  The  Cat, a dog!", "cat DOG")).isOne();
    assertThat(judge(new ExactMatch(Set.of(Ignored.ARTICLES)), "theatre", "atre")).isZero();
  }

  @Test void whatHasNoSolutionCannotBeJudged() {
    assertThat(judge(new ExactMatch(Set.of()), "x", null)).isNaN();
    assertThat(judge(new MathAnswer(false), "1", null)).isNaN();
  }

  // ---- math

  @ParameterizedTest @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
      "So 48+24 = <<48+24=72>>72 clips.\\n#### 72 | Natalia ... \\n#### 72 | true",
      "The answer is 72. | reasoning\\n#### 72 | true",
      "#### 1,200 | #### 1200 | true",
      "#### $1,200.00 | 1200 | true",
      "#### -5 | #### 5 | false",
      "#### - 5 | #### -5 | true",
      "It costs $1,234,567.50 in all. | 1234567.5 | true",
      "1,2 | 12 | false",
      "first 3, then 4 | 3 | false",
      "\\boxed{\\frac{1}{2}} | 0.5 | true",
      "so \\boxed{1/2} or \\boxed{-\\frac34} | \\boxed{-0.75} | true",
      "\\boxed{\\dfrac{2}{4}} | \\boxed{\\frac{1}{2}} | true",
      "\\boxed{3 1/2} | 3.5 | true",
      "It has 3 apples | 3 apples | true",
      "\\boxed{x+1} | x+1 | true",
      "about 0.3333 | 1/3 | false",
      "50\\% | 50 | true",
      "50% | 50 | true",
      "1e3 is \\boxed{1e3} | 1000 | true",
      "\\boxed{\\left( 3, \\frac{\\pi}{2} \\right)} | \\left(3,\\dfrac{\\pi}{2}\\right) | true",
      "\\boxed{\\text{Evelyn}} | \\text{Evelyn} | true",
      "\\boxed{5.4 \\text{ cents}} | 5.4 \\text{ cents} | true",
      "\\boxed{x+1} | x+2 | false",
      "\\boxed{ | 5 | false",
      "no number at all, in a long and winding sentence of words that nobody would call a result | 5 | false",
      "\\boxed{1/0} | 5 | false",
      "v2.5 is out; 7 | 7 | true"
  })
  void resultsAreFoundAndComparedByValue(String text, String solution, boolean right) {
    String said = text.replace("\\n", "\n");
    assertThat(judge(new MathAnswer(false), said, solution.replace("\\n", "\n"))).as(said).isEqualTo(right ? 1 : 0);
  }

  @Test void aResultMayHaveToBeMarked() {
    assertThat(judge(new MathAnswer(true), "It is 72.", "#### 72")).isZero();
    assertThat(judge(new MathAnswer(true), "It is\n#### 72", "72")).isOne();
    assertThat(judge(new MathAnswer(true), "It is \\boxed{72}", "72")).isOne();
  }

  @Test void hugeNumbersAndLongTextsAreNoTrouble() {
    assertThat(judge(new MathAnswer(false), "9".repeat(100_000), "5")).isZero();
    assertThat(judge(new MathAnswer(false), "#### 1e999999999", "5")).isZero();
    assertThat(judge(new MathAnswer(false), "\\boxed{".repeat(20_000), "5")).isZero();
    assertThat(judge(new MathAnswer(false), "1,".repeat(50_000) + " 5", "5")).isOne();
  }

  // ---- form, length, stop

  @Test void aFormHoldsForTheWholeText() {
    var think = Format.of("<think>.*</think>\\s*<answer>.+</answer>");
    assertThat(judge(think, "<think>\nwell\n</think>\n<answer>4</answer>\n", null)).isOne();
    assertThat(judge(think, "<answer>4</answer>", null)).isZero();
    assertThat(judge(think, "<think></think><answer>4</answer> and more", null)).isZero();
  }

  @Test void anExpressionThatTriesForeverIsGivenUp() {
    assertThat(judge(Format.of(".*.*.*.*.*.*.*="), "a".repeat(300), null)).isNaN();
    assertThat(judge(Format.of("(a|b)*"), "ab".repeat(200_000), null)).isNaN();        // too deep for the stack
  }

  @Test void longAnswersCost() {
    assertThat(new LengthPenalty(4, 0.5).of(List.of(answer("", null, 3, true), answer("", null, 4, true), answer("", null, 7, true))))
        .containsExactly(0, 0, -1.5);
    var soft = new SoftOverlong(20, 10).of(List.of(answer("", null, 10, true), answer("", null, 15, true), answer("", null, 20, true),
        answer("", null, 99, false)));
    assertThat(soft).containsExactly(new double[] {0, -0.5, -1, -1}, within(1e-12));
    assertThatThrownBy(() -> new SoftOverlong(5, 6)).hasMessageContaining("`cache` must be from 1 to `most` (5) but was 6");
    assertThatThrownBy(() -> new LengthPenalty(5, 0)).hasMessageContaining("`per_token` must be > 0 but was 0.0; e.g. 0.001");
  }

  @Test void answersThatDoNotStopCost() {
    assertThat(new MissingStop(2).of(List.of(answer("", null, 3, true), answer("", null, 3, false)))).containsExactly(0, -2);
  }

  // ---- Java

  /// Counts letters.
  public static final class Letters implements Reward {
    @Override public double[] of(List<Answer> answers) {
      return answers.stream().mapToDouble(a -> a.text().length()).toArray();
    }
  }

  /// Has no constructor without parameters.
  public record Fixed(double value) implements Reward {
    @Override public double[] of(List<Answer> answers) {
      return answers.stream().mapToDouble(_ -> value).toArray();
    }
  }

  @Test void aClassOfTheUserIsFoundByItsName() {
    assertThat(judge(JavaReward.load(Letters.class.getName()), "four", null)).isEqualTo(4);
    assertThatThrownBy(() -> JavaReward.load("com.acme.Brevity")).hasMessageContaining("there is no class com.acme.Brevity on the class path");
    assertThatThrownBy(() -> JavaReward.load("java.lang.String")).hasMessageContaining("java.lang.String does not implement org.jtorch.align.rollout.Reward");
    assertThatThrownBy(() -> JavaReward.load(Fixed.class.getName())).hasMessageContaining("must be public, with a public constructor without parameters");
  }
}
