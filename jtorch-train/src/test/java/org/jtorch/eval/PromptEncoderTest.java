package org.jtorch.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.bpe.BpeTrainer;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How lm-evaluation-harness tells a continuation from its context.
class PromptEncoderTest {
  private static Continuation pair(PromptEncoder encoder, String context, String continuation) {
    return encoder.pairs(List.of(new Prompted(context, continuation))).getFirst();
  }

  @Test void aContinuationIsWhatFollowsTheTokensOfItsContext() {
    try (var tokenizer = Stories.tokenizer()) {
      var encoder = new PromptEncoder(tokenizer, true, -1);
      var pair = pair(encoder, "Once upon a time", " there was a cat");
      long[] whole = tokenizer.encode("Once upon a time there was a cat", true);
      assertThat(LongStream.concat(LongStream.of(pair.context()), LongStream.of(pair.tokens())).toArray()).isEqualTo(whole);
      assertThat(pair.context()).isEqualTo(tokenizer.encode("Once upon a time", true));
      assertThat(pair.context()[0]).isEqualTo(Stories.BOS);
      assertThat(encoder.prompts(List.of("Once upon")).getFirst()).isEqualTo(tokenizer.encode("Once upon", true));
      assertThat(encoder.leading()).containsExactly(Stories.BOS);
    }
  }

  @Test void spacesAtTheEndOfAContextBelongToTheContinuation() {
    try (var tokenizer = Stories.tokenizer()) {
      var encoder = new PromptEncoder(tokenizer, true, -1);
      var expected = pair(encoder, "Once upon a time", " there");
      for (String spaces : List.of(" ", "")) {
        var pair = pair(encoder, "Once upon a time" + spaces, spaces.isEmpty() ? " there" : "there");
        assertThat(pair.context()).isEqualTo(expected.context());
        assertThat(pair.tokens()).isEqualTo(expected.tokens());
      }
      assertThat(PromptEncoder.withoutSpaces("a b \n\t\u00a0\u2003")).isEqualTo("a b");
    }
  }

  @Test void withoutSpecialTokensAnEmptyContextIsTheStartToken() {
    try (var tokenizer = Stories.tokenizer()) {
      var plain = new PromptEncoder(tokenizer, false, 2);
      assertThat(pair(plain, "Once", " upon").context()).isEqualTo(tokenizer.encode("Once", false));
      assertThat(pair(plain, "", "Once").context()).containsExactly(2);
      assertThat(plain.start()).isEqualTo(2);
      var special = new PromptEncoder(tokenizer, true, 2);
      assertThat(pair(special, "", "Once").context()).containsExactly(Stories.BOS);
      assertThat(pair(special, "  ", "Once").context()).containsExactly(Stories.BOS);
      assertThat(special.start()).isEqualTo(Stories.BOS);
      assertThatThrownBy(() -> new PromptEncoder(tokenizer, false, -1).start()).isInstanceOf(DataException.class).hasMessageContaining("BOS or EOS");
    }
  }

  /// A token may reach over the end of the context: the harness cuts by number, and so do we.
  @Test void aTokenOverTheBorderCountsForTheContext(@TempDir Path folder) {
    var bpe = BpeTrainer.train(List.of("abab abab abab ab ab"), BpeTrainer.Options.of(260));
    bpe.save(folder, 32);
    try (var tokenizer = Tokenizer.load(folder)) {
      var encoder = new PromptEncoder(tokenizer, true, 0);
      long[] ab = tokenizer.encode("ab", false);
      assertThat(ab).hasSize(1);
      var pair = pair(encoder, "a", "bab");
      assertThat(pair.context()).isEqualTo(tokenizer.encode("a", false));
      assertThat(pair.tokens()).hasSize(tokenizer.encode("abab", false).length - 1);
      assertThatThrownBy(() -> pair(encoder, "a", "b")).isInstanceOf(DataException.class).hasMessageContaining("adds no token");
    }
  }

  @Test void namesOfSpecialTokensCountInPromptsOnly() {
    try (var tokenizer = Stories.tokenizer()) {
      var encoder = new PromptEncoder(tokenizer, true, -1);
      String name = tokenizer.token(2);
      assertThat(encoder.prompts(List.of("a" + name)).getFirst()).endsWith(2);
      assertThat(encoder.texts(List.of("a" + name)).getFirst()).doesNotContain(2);
    }
  }
}
