package org.jtorch.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.attention.AttentionConfig.Gqa;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.decoder.BlockConfig;
import org.jtorch.decoder.Decoder;
import org.jtorch.decoder.DecoderConfig;
import org.jtorch.ffn.Activation;
import org.jtorch.ffn.FeedForwardConfig.Gated;
import org.jtorch.generate.Generator;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Scores of batches that share what they can, against a forward over each text alone.
class ModelScorerTest {
  private static final int VOCAB = 71;
  private static final int CONTEXT = 48;
  private static Decoder model;
  private static Decoder sliding;

  @BeforeAll static void make() {
    model = decoder(Span.FULL);
    sliding = decoder(new Span.Sliding(7));
  }

  @AfterAll static void close() {
    model.close();
    sliding.close();
  }

  @AfterEach void nothingLives() {
    assertThat(TensorScope.stats().live()).isZero();
  }

  @SuppressWarnings("MustBeClosedChecker")     // closed after all tests
  private static Decoder decoder(Span upper) {
    var blocks = new ArrayList<BlockConfig>();
    for (var span : List.of(Span.FULL, upper)) {
      blocks.add(new BlockConfig(new Gqa(4, 2, 8, false, false, new Rope(10_000, RopeScaling.NONE), span), new Gated(40, Activation.SILU, false)));
    }
    return Decoder.create(new DecoderConfig("llama", VOCAB, 32, CONTEXT, 1e-5, false, 0.3, blocks), Device.CPU, DType.F32, Rng.of(3));
  }

  private static long[] text(Random random, int n) {
    return random.longs(n, 0, VOCAB).toArray();
  }

  /// Four answers to each question, questions that begin alike, texts on their own, and some too long for the model.
  private static List<Continuation> mixed(boolean examples) {
    var random = new Random(5);
    long[] before = examples ? text(random, 20) : new long[] {1};
    var asked = new ArrayList<Continuation>();
    for (int i = 0; i < 7; i++) {
      long[] context = LongStream.concat(LongStream.of(before), LongStream.of(text(random, 1 + random.nextInt(18)))).toArray();
      for (int j = 0; j < 4; j++) {
        asked.add(new Continuation(context, text(random, i == 3 ? 1 : 1 + random.nextInt(9))));
      }
    }
    asked.add(asked.get(2));
    if (!examples) {
      asked.add(new Continuation(text(random, 60), text(random, 3)));
      asked.add(new Continuation(text(random, 2), text(random, CONTEXT)));
    }
    return asked;
  }

  /// One text at a time, all scores of it.
  private static Likelihood alone(Decoder model, Continuation c) {
    long[] all = LongStream.concat(LongStream.of(c.context()), LongStream.of(c.tokens())).toArray();
    long[] kept = Arrays.copyOfRange(all, Math.max(0, all.length - CONTEXT - 1), all.length);
    int n = kept.length - 1;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      Tensor scores = model.apply(Ops.of(Arrays.copyOf(kept, n), Device.CPU, 1, n), Pass.EMPTY).select(0, 0).logSoftmax(1);
      double sum = 0;
      boolean greedy = true;
      for (int i = n - c.tokens().length; i < n; i++) {
        sum += scores.select(0, i).toDoubles()[(int) kept[i + 1]];
        greedy &= scores.select(0, i).argMax(0).itemLong() == kept[i + 1];
      }
      return new Likelihood(sum, greedy, c.tokens().length);
    }
  }

  private static void assertScores(Decoder model, List<Continuation> asked, ModelScorer.Options options) {
    var found = new ModelScorer(model, options).likelihoods(asked, EvalProgress.NONE);
    assertThat(found).hasSameSizeAs(asked);
    for (int i = 0; i < asked.size(); i++) {
      var expected = alone(model, asked.get(i));
      assertThat(found.get(i).logProb()).as("item %d", i).isCloseTo(expected.logProb(), within(1e-4));
      assertThat(found.get(i).greedy()).as("item %d", i).isEqualTo(expected.greedy());
      assertThat(found.get(i).tokens()).isEqualTo(expected.tokens());
    }
  }

  @ParameterizedTest @CsvSource({"1, 1, true", "1, 1, false", "5, 90, true", "5, 90, false", "64, 4096, true", "64, 4096, false"})
  void scoresDoNotDependOnBatches(int rows, int tokens, boolean share) {
    var options = new ModelScorer.Options(rows, tokens, share);
    assertScores(model, mixed(false), options);
    assertScores(model, mixed(true), options);
    assertScores(sliding, mixed(false), options);
    assertScores(sliding, mixed(true), options);
  }

  @Test void answersComeInTheOrderOfTheQuestions() {
    var asked = new ArrayList<>(mixed(true));
    var scorer = new ModelScorer(model, new ModelScorer.Options(6, 200, true));
    var found = scorer.likelihoods(asked, EvalProgress.NONE);
    Collections.reverse(asked);
    var reversed = scorer.likelihoods(asked, EvalProgress.NONE);
    for (int i = 0; i < asked.size(); i++) {
      assertThat(reversed.get(i).logProb()).isCloseTo(found.get(asked.size() - 1 - i).logProb(), within(1e-4));
    }
  }

  /// 29 questions behind 20 tokens of examples: those run once, and contexts once for their answers.
  @Test void whatIsSharedRunsOnce() {
    var asked = mixed(true);
    var told = new ArrayList<long[]>();
    new ModelScorer(model).likelihoods(asked, (done, total, tokens) -> told.add(new long[] {done, total, tokens}));
    assertThat(told.getLast()[0]).isEqualTo(asked.size()).isEqualTo(told.getLast()[1]);
    long plain = asked.stream().mapToLong(c -> c.context().length + c.tokens().length - 1).sum();
    assertThat(told.getLast()[2]).isLessThan(plain / 3);
    told.clear();
    new ModelScorer(model, new ModelScorer.Options(64, 4_096, false)).likelihoods(asked, (done, total, tokens) -> told.add(new long[] {tokens}));
    assertThat(told.getLast()[0]).isLessThan(plain).isGreaterThan(plain / 2);                       // equal inputs run once here, too
  }

  @Test void theMostProbableTextIsGreedy() {
    long[] prompt = {1, 2, 3, 4};
    long[] written = new Generator(model).generate(List.of(prompt), org.jtorch.generate.Options.greedy(5)).getFirst();
    var other = written.clone();
    other[4] = (other[4] + 1) % VOCAB;
    var found = new ModelScorer(model).likelihoods(List.of(new Continuation(prompt, written), new Continuation(prompt, other)), EvalProgress.NONE);
    assertThat(found).extracting(Likelihood::greedy).containsExactly(true, false);
    assertThat(found.get(0).logProb()).isGreaterThan(found.get(1).logProb());
  }

  @Test void writesWhatTheGeneratorWrites() {
    var random = new Random(9);
    var prompts = List.of(text(random, 3), text(random, 30), text(random, 12), text(random, 1), text(random, 90));
    var written = new ModelScorer(model, new ModelScorer.Options(2, 64, true)).write(prompts, Writing.of(6), EvalProgress.NONE);
    for (int i = 0; i < prompts.size(); i++) {
      long[] prompt = prompts.get(i);
      long[] end = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - (CONTEXT - 6)), prompt.length);
      assertThat(written.get(i)).as("prompt %d", i)
          .isEqualTo(new Generator(model).generate(List.of(end), org.jtorch.generate.Options.greedy(6)).getFirst());
    }
  }

  @Test void textsEndAtStopTokensAndWhereTheyAreToldTo() {
    long[] prompt = {1, 2, 3, 4};
    var scorer = new ModelScorer(model);
    long[] all = scorer.write(List.of(prompt), Writing.of(8), EvalProgress.NONE).getFirst();
    long[] stopped = scorer.write(List.of(prompt, new long[] {9}), new Writing(8, Set.of(all[3]), Writing.Ending.NONE), EvalProgress.NONE).getFirst();
    int first = (int) LongStream.of(all).takeWhile(t -> t != all[3]).count();
    assertThat(stopped).isEqualTo(Arrays.copyOf(all, first));                                 // the stop token is left out
    var heard = new ArrayList<Long>();
    long[] ended = scorer.write(List.of(prompt), new Writing(8, Set.of(), (row, token) -> {
      heard.add(token);
      return heard.size() == 3;
    }), EvalProgress.NONE).getFirst();
    assertThat(ended).isEqualTo(Arrays.copyOf(all, 3));
    assertThat(heard).hasSize(3);
    assertThat(scorer.write(List.of(), Writing.of(1), EvalProgress.NONE)).isEmpty();
  }

  @Test void whatCannotBeScoredIsRefused() {
    var scorer = new ModelScorer(model);
    assertThatIllegalArgumentException().isThrownBy(() -> new Continuation(new long[0], new long[] {1})).withMessageContaining("no context");
    assertThatIllegalArgumentException().isThrownBy(() -> new Continuation(new long[] {1}, new long[0])).withMessageContaining("no tokens");
    assertThatIllegalArgumentException().isThrownBy(() -> scorer.likelihoods(
        List.of(new Continuation(new long[] {1}, new long[] {VOCAB})), EvalProgress.NONE)).withMessageContaining("token id 71");
    assertThatIllegalArgumentException().isThrownBy(() -> scorer.likelihoods(
        List.of(new Continuation(new long[] {1}, new long[CONTEXT + 1])), EvalProgress.NONE)).withMessageContaining("takes 48");
    assertThatIllegalArgumentException().isThrownBy(() -> scorer.write(List.of(new long[] {1}), Writing.of(CONTEXT), EvalProgress.NONE))
        .withMessageContaining("leaves no room");
    assertThatIllegalArgumentException().isThrownBy(() -> new ModelScorer.Options(0, 1, true)).withMessageContaining("`rows`");
    assertThatIllegalArgumentException().isThrownBy(() -> new ModelScorer.Options(1, 0, true)).withMessageContaining("`tokens`");
    assertThat(scorer.likelihoods(List.of(), EvalProgress.NONE)).isEmpty();
  }
}
