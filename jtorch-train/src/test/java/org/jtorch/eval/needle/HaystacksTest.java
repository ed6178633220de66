package org.jtorch.eval.needle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jtorch.eval.Continuation;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.Likelihood;
import org.jtorch.eval.Scorer;
import org.jtorch.eval.Writing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Who copies finds every needle, who guesses finds one in as many as there are answers.
class HaystacksTest {
  private static final int ANSWERS = 8;
  private static final long[] QUESTION = {501, 502, 503};

  /// Haystacks of numbers below 100; needle and question are `501 502 503`, answers two tokens from 600 on.
  private static final NeedleSource SOURCE = (length, depth, random) -> {
    int gold = random.nextInt(ANSWERS);
    long[] answer = {600 + gold, 700 + gold};
    int hay = length - 2 * QUESTION.length - 2 * answer.length;
    int at = hay * depth / 100;
    var prompt = LongStream.concat(LongStream.concat(random.longs(at, 0, 100), LongStream.of(QUESTION)),
        LongStream.concat(LongStream.of(answer), LongStream.concat(random.longs(hay - at, 0, 100), LongStream.of(QUESTION))));
    var answers = new ArrayList<long[]>();
    for (int i = 0; i < ANSWERS; i++) {
      answers.add(new long[] {600 + i, 700 + i});
    }
    return new NeedleItem(prompt.toArray(), answers, gold);
  };

  /// Answers by lot.
  private static final class Guesser implements Scorer {
    private final Random random = new Random(1);

    @Override public List<Likelihood> likelihoods(List<Continuation> asked, EvalProgress progress) {
      return asked.stream().map(c -> new Likelihood(-random.nextDouble(), false, c.tokens().length)).toList();
    }

    @Override public List<long[]> write(List<long[]> prompts, Writing how, EvalProgress progress) {
      return prompts.stream().map(_ -> {
        int guess = random.nextInt(ANSWERS);
        return new long[] {600 + guess, 700 + guess};
      }).toList();
    }

    @Override public int maxTokens() {
      return 1_000;
    }
  }

  @ParameterizedTest @EnumSource void whoCopiesFindsEveryNeedle(Haystacks.How how) {
    var result = new Haystacks(new NeedleGrid(List.of(40, 80, 160), 7), SOURCE, how).run(new CopyOracle(), EvalProgress.NONE);
    assertThat(result.accuracy()).isEqualTo(1);
    assertThat(result.perfect()).isTrue();
    assertThat(result.cells()).hasSize(3 * 11).allMatch(c -> c.asked() == 2 && c.accuracy() == 1);
    assertThat(result.byDepth()).isDeepEqualTo(Stream.generate(() -> new double[] {1, 1, 1}).limit(11).toArray(double[][]::new));
  }

  /// 3,300 guesses among 8: the mean of 1/8 has a standard error of 0.0058, and 4 of them are a margin of 0.023.
  @ParameterizedTest @EnumSource void whoGuessesIsRightAsOftenAsThereAreAnswers(Haystacks.How how) {
    var grid = new NeedleGrid(List.of(40, 60, 80), NeedleGrid.TENTHS, 100, 7);
    var result = new Haystacks(grid, SOURCE, how).run(new Guesser(), EvalProgress.NONE);
    assertThat(result.accuracy()).isCloseTo(1.0 / ANSWERS, within(0.023));
    assertThat(result.perfect()).isFalse();
    assertThat((result.accuracy(40) + result.accuracy(60) + result.accuracy(80)) / 3).isCloseTo(result.accuracy(), within(1e-12));
  }

  @Test void aHaystackDependsOnSeedLengthDepthAndNumberAlone() {
    var few = new Haystacks(new NeedleGrid(List.of(80), List.of(50), 2, 7), SOURCE, Haystacks.How.WRITTEN).items();
    var many = new Haystacks(new NeedleGrid(List.of(40, 80), List.of(0, 50), 3, 7), SOURCE, Haystacks.How.WRITTEN).items();
    var other = new Haystacks(new NeedleGrid(List.of(80), List.of(50), 2, 8), SOURCE, Haystacks.How.WRITTEN).items();
    assertThat(few.get(0).prompt()).isEqualTo(many.get(9).prompt());
    assertThat(few.get(1).prompt()).isEqualTo(many.get(10).prompt()).isNotEqualTo(few.get(0).prompt());
    assertThat(other.get(0).prompt()).isNotEqualTo(few.get(0).prompt());
    assertThat(many.stream().map(i -> Arrays.hashCode(i.prompt())).distinct().count()).isEqualTo(many.size());
  }

  @Test void whatWasAskedIsKept() {
    var haystacks = new Haystacks(new NeedleGrid(List.of(40, 80), List.of(0, 100), 2, 7), SOURCE, Haystacks.How.WRITTEN);
    var asked = haystacks.ask(new CopyOracle(), EvalProgress.NONE);
    assertThat(asked).extracting(a -> a.length() + " " + a.depth() + " " + a.instance())
        .containsExactly("40 0 0", "40 0 1", "40 100 0", "40 100 1", "80 0 0", "80 0 1", "80 100 0", "80 100 1");
    assertThat(asked).allSatisfy(a -> assertThat(a.answer()).isEqualTo(a.item().answers().get(a.item().gold())));
    assertThat(haystacks.result(asked)).isEqualTo(haystacks.run(new CopyOracle(), EvalProgress.NONE));
  }

  @Test void grids() {
    assertThatIllegalArgumentException().isThrownBy(() -> new NeedleGrid(List.of(), 1)).withMessageContaining("`lengths`");
    assertThatIllegalArgumentException().isThrownBy(() -> new NeedleGrid(List.of(64, 64), 1)).withMessageContaining("none twice");
    assertThatIllegalArgumentException().isThrownBy(() -> new NeedleGrid(List.of(0), 1)).withMessageContaining("`lengths`");
    assertThatIllegalArgumentException().isThrownBy(() -> new NeedleGrid(List.of(64), List.of(101), 2, 1)).withMessageContaining("`depths`");
    assertThatIllegalArgumentException().isThrownBy(() -> new NeedleGrid(List.of(64), List.of(0), 1, 1)).withMessageContaining("`instances`");
    var tooLong = new Haystacks(new NeedleGrid(List.of(2_000), 1), SOURCE, Haystacks.How.WRITTEN);
    assertThatIllegalArgumentException().isThrownBy(() -> tooLong.run(new CopyOracle(), EvalProgress.NONE)).withMessageContaining("1000");
  }
}
