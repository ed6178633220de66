package org.jtorch.eval.needle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.jtorch.eval.EvalProgress;
import org.jtorch.eval.ModelScorer;
import org.jtorch.eval.PromptEncoder;
import org.jtorch.eval.Stories;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Haystacks of a real tokenizer, and a real model that reads them.
class NeedleTextTest {
  private static final String TEXT = "Once upon a time there was a little girl. She had a red ball. One day the ball was lost! "
      + "Her mom said it was in the park. They went to the park and found it. ".repeat(3);

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  private static NeedleText source(PromptEncoder encoder) {
    return new NeedleText(encoder, TEXT, NeedleText.NEEDLE, NeedleText.QUESTION, NeedleText.WORDS);
  }

  @Test void promptAndAnswerFillTheLength() {
    try (var tokenizer = Stories.tokenizer()) {
      var haystacks = new Haystacks(new NeedleGrid(List.of(96, 200), 3), source(new PromptEncoder(tokenizer, true, -1)), Haystacks.How.WRITTEN);
      for (var asked : haystacks.ask(new CopyOracle(), EvalProgress.NONE)) {
        long[] prompt = asked.item().prompt();
        int longest = asked.item().answers().stream().mapToInt(a -> a.length).max().orElseThrow();
        assertThat(prompt.length + longest).isEqualTo(asked.length());
        assertThat(prompt[0]).isEqualTo(Stories.BOS);
        String text = tokenizer.decode(prompt, true);
        String answer = NeedleText.WORDS.get(asked.item().gold());
        assertThat(text).contains("The secret word is " + answer + ".").endsWith(" The secret word is");
        assertThat(tokenizer.decodeAfter(prompt, asked.item().answers().get(asked.item().gold()), true)).isEqualTo(" " + answer);
        assertThat(asked.found()).isTrue();
      }
    }
  }

  @Test void theNeedleLiesAtItsDepthBehindASentence() {
    try (var tokenizer = Stories.tokenizer()) {
      var haystacks = new Haystacks(new NeedleGrid(List.of(300), 3), source(new PromptEncoder(tokenizer, true, -1)), Haystacks.How.WRITTEN);
      int behindSentence = 0;
      for (var asked : haystacks.ask(new CopyOracle(), EvalProgress.NONE)) {
        String text = tokenizer.decode(asked.item().prompt(), true);
        int at = Math.max(0, text.indexOf("The secret word is") - 1);
        double depth = 100.0 * at / (text.length() - 2 * NeedleText.NEEDLE.length());
        assertThat(depth).isBetween(asked.depth() - 9.0, asked.depth() + 9.0);
        behindSentence += at > 0 && ".!?".indexOf(text.charAt(at - 1)) >= 0 ? 1 : 0;
      }
      assertThat(behindSentence).isGreaterThan(4);
    }
  }

  /// The model of children's stories has 512 positions and does not copy: it is asked, not judged.
  @Test void aModelReadsThem() {
    try (var tokenizer = Stories.tokenizer(); var model = Stories.model()) {
      var source = source(new PromptEncoder(tokenizer, true, -1));
      var grid = new NeedleGrid(List.of(128, 512), List.of(0, 50, 100), 2, 3);
      for (var how : Haystacks.How.values()) {
        var first = new Haystacks(grid, source, how).run(new ModelScorer(model), EvalProgress.NONE);
        var again = new Haystacks(grid, source, how)
            .run(new ModelScorer(model, new ModelScorer.Options(3, 700, false)), EvalProgress.NONE);
        assertThat(first).isEqualTo(again);
        assertThat(first.cells()).hasSize(6);
      }
    }
  }

  @Test void whatCannotBeIsRefused() {
    try (var tokenizer = Stories.tokenizer()) {
      var encoder = new PromptEncoder(tokenizer, true, -1);
      assertThatIllegalArgumentException().isThrownBy(() -> new NeedleText(encoder, " ", NeedleText.NEEDLE, NeedleText.QUESTION, NeedleText.WORDS))
          .withMessageContaining("`haystack`");
      assertThatIllegalArgumentException().isThrownBy(() -> new NeedleText(encoder, TEXT, "no place", NeedleText.QUESTION, NeedleText.WORDS))
          .withMessageContaining("`needle`");
      assertThatIllegalArgumentException().isThrownBy(() -> new NeedleText(encoder, TEXT, NeedleText.NEEDLE, NeedleText.QUESTION, List.of("one")))
          .withMessageContaining("`answers`");
      var tooShort = new Haystacks(new NeedleGrid(List.of(10), 1), source(encoder), Haystacks.How.WRITTEN);
      assertThatIllegalArgumentException().isThrownBy(tooShort::items).withMessageContaining("`lengths` holds 10");
    }
  }
}
