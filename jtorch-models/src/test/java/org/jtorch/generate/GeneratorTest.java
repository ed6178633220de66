package org.jtorch.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.jtorch.decoder.Decoder;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.GradTape;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GeneratorTest {
  private static final List<long[]> RAGGED = List.of(new long[] {5, 9, 30, 2, 7}, new long[] {44}, new long[] {1, 2, 3},
      new long[] {100, 11, 60, 61, 62});
  private static final Sampling SAMPLED = new Sampling(1.5, 40, 0.95, 0.01, 1.1);
  private static Decoder model;
  private static SafeTensors io;

  @BeforeAll static void load() {
    model = Fixture.llama();
    io = Fixture.io("models/llama31");
  }

  @AfterAll static void close() {
    model.close();
    io.close();
  }

  private static List<long[]> generate(List<long[]> prompts, Options options) {
    return new Generator(model).generate(prompts, options);
  }

  private static void assertSequences(String run, Options options) {
    var expected = Fixture.rows(io, run + ".sequences");
    int prompt = Fixture.rows(io, run + ".input_ids").getFirst().length;
    var made = generate(Fixture.prompts(io, run), options.withMaxNewTokens(options.maxNewTokens() - prompt));
    assertThat(made).hasSameSizeAs(expected);
    for (int i = 0; i < made.size(); i++) {
      long[] fresh = Arrays.copyOfRange(expected.get(i), prompt, expected.get(i).length);
      assertThat(made.get(i)).as("%s row %d", run, i).containsExactly(fresh);
    }
  }

  @Test void greedySequencesEqualTheReference() {
    assertSequences("gen", Options.greedy(Fixture.rows(io, "gen.sequences").getFirst().length));
    assertSequences("genb", Options.greedy(Fixture.rows(io, "genb.sequences").getFirst().length));
  }

  @Test void stoppedRowsAreFilledLikeTheReference() {
    var json = JsonFile.open(Fixture.folder("models/llama31").resolve("case.json"));
    int length = Fixture.rows(io, "geneos.sequences").getFirst().length;
    assertSequences("geneos", Options.greedy(length + 4).withStopTokens(Set.of(json.requiredLong("geneos_eos_token_id")))
        .withPadToken(json.requiredLong("geneos_pad_token_id")));
  }

  @Test void stepScoresEqualTheReference() {
    var sequence = Fixture.rows(io, "gen.sequences").getFirst();
    int prompt = Fixture.rows(io, "gen.input_ids").getFirst().length;
    try (var _ = Grad.off(); var _ = TensorScope.open(); var cache = model.cache(1, sequence.length)) {
      double[] expected = Fixture.tensor(io, "gen.step_logits").toDoubles();
      int V = model.vocabSize();
      for (int step = 0; step < sequence.length - prompt; step++) {
        long[] fed = step == 0 ? Arrays.copyOf(sequence, prompt) : new long[] {sequence[prompt + step - 1]};
        Tensor h = model.hidden(Ops.of(fed, Device.CPU, 1, fed.length), Pass.EMPTY, cache);
        double[] scores = model.logits(h.select(1, fed.length - 1)).toDoubles();
        for (int i = 0; i < V; i++) {
          assertThat(scores[i]).isCloseTo(expected[step * V + i], offset(2e-4));
        }
      }
    }
  }

  @Test void aRaggedBatchEqualsItsRowsOneByOne() {
    for (var sampling : List.of(Sampling.GREEDY, SAMPLED, Sampling.temperature(1))) {
      var options = Options.greedy(8).withSampling(sampling).withSeed(77);
      var together = generate(RAGGED, options);
      for (int i = 0; i < RAGGED.size(); i++) {
        var alone = new Generator(model).generate(List.of(RAGGED.get(i)), options, i, TokenListener.NONE);
        assertThat(together.get(i)).as("%s row %d", sampling, i).containsExactly(alone.getFirst());
      }
    }
  }

  @Test void withCacheEqualsWithout() {
    var made = generate(RAGGED.subList(0, 1), Options.greedy(8)).getFirst();
    long[] tokens = RAGGED.getFirst();
    try (var _ = Grad.off()) {
      for (long token : made) {
        try (var _ = TensorScope.open()) {
          Tensor scores = model.apply(Ops.of(tokens, Device.CPU, 1, tokens.length), Pass.EMPTY).select(1, tokens.length - 1);
          assertThat(scores.argMax(-1).itemLong()).isEqualTo(token);
        }
        tokens = LongStream.concat(Arrays.stream(tokens), LongStream.of(token)).toArray();
      }
    }
  }

  @Test void aSeedReproducesAndAnotherDiffers() {
    var options = Options.greedy(16).withSampling(Sampling.temperature(1.2)).withSeed(3);
    var first = generate(RAGGED, options);
    assertThat(generate(RAGGED, options)).usingRecursiveComparison().isEqualTo(first);
    assertThat(generate(RAGGED, options.withSeed(4)).getFirst()).isNotEqualTo(first.getFirst());
    var same = generate(List.of(RAGGED.getFirst(), RAGGED.getFirst()), options);
    assertThat(same.get(0)).isNotEqualTo(same.get(1));          // rows have streams of their own
  }

  private static List<long[]> repeated(int times) {
    return RAGGED.stream().flatMap(p -> Collections.nCopies(times, p).stream()).toList();
  }

  /// Prompts of a row each, and of one row for three answers.
  @Test void answersToOnePromptShareItsRun() {
    for (int length : new int[] {9, 20}) {                      // without and with packed weights
      var options = Options.greedy(length).withSampling(SAMPLED).withSeed(5);
      var answers = new Generator(model).sample(RAGGED, 3, options);
      var rows = generate(repeated(3), options);
      assertThat(answers).hasSize(12);
      for (int i = 0; i < rows.size(); i++) {
        assertThat(answers.get(i).tokens()).as("row %s", i).containsExactly(rows.get(i));
        assertThat(answers.get(i).stopped()).isFalse();
        var alone = new Generator(model).generate(List.of(RAGGED.get(i / 3)), options, i, TokenListener.NONE);
        assertThat(alone.getFirst()).as("row %s alone", i).containsExactly(rows.get(i));
      }
    }
  }

  /// What policy gradients need: a training forward over prompt and answer gives the log-probabilities that came with it.
  @Test void logProbabilitiesEqualThoseOfATrainingForward() {
    var options = Options.greedy(20).withSampling(SAMPLED).withSeed(5);
    var answers = new Generator(model).sample(RAGGED, 2, options);
    for (int i = 0; i < answers.size(); i++) {
      long[] prompt = RAGGED.get(i / 2);
      var answer = answers.get(i);
      long[] text = LongStream.concat(Arrays.stream(prompt), Arrays.stream(answer.tokens())).toArray();
      try (var _ = TensorScope.open(); var tape = GradTape.open()) {
        Tensor hidden = model.hidden(Ops.of(text, Device.CPU, 1, text.length), Pass.training(tape), null).detach();
        Tensor p = model.logits(hidden.narrow(1, prompt.length - 1, answer.tokens().length)).logSoftmax(-1);
        float[] expected = p.gather(2, Ops.of(answer.tokens(), Device.CPU, 1, answer.tokens().length, 1)).toFloats();
        assertThat(answer.logProbs()).as("row %s", i).containsExactly(expected, offset(1e-5f));
        assertThat(answer.drawnLogProbs()).hasSize(20).isNotEqualTo(answer.logProbs());
      }
    }
  }

  /// However many rows there are at once, and whenever they end.
  @Test void waitingRowsTakeThePlacesOfThoseThatEnded() {
    var prompts = new ArrayList<>(RAGGED);
    prompts.addAll(repeated(2));
    for (var sampling : List.of(Sampling.GREEDY, Sampling.temperature(1.3))) {
      var free = Options.greedy(18).withSampling(sampling).withSeed(9);
      var whole = generate(prompts, free);
      var options = free.withStopTokens(Set.of(whole.get(0)[3], whole.get(1)[7], whole.get(5)[0], whole.get(6)[12])).withPadToken(-7);
      var expected = generate(prompts, options);
      for (int i = 0; i < prompts.size(); i++) {
        int end = ended(whole.get(i), options.stopTokens());
        long[] filled = whole.get(i).clone();
        Arrays.fill(filled, end, filled.length, -7);
        assertThat(expected.get(i)).as("row %s", i).containsExactly(Arrays.copyOf(filled, expected.get(i).length));
      }
      for (int atOnce : new int[] {1, 3, 5}) {
        assertThat(new Generator(model, atOnce).generate(prompts, options)).as("%s at once", atOnce)
            .usingRecursiveComparison().isEqualTo(expected);
      }
    }
  }

  private static int ended(long[] row, Set<Long> stop) {
    for (int i = 0; i < row.length; i++) {
      if (stop.contains(row[i])) {
        return i + 1;
      }
    }
    return row.length;
  }

  @Test void rowsThatEndedAreNotComputedAnyMore() {
    var free = generate(RAGGED, Options.greedy(12));
    var options = Options.greedy(12).withStopTokens(Set.of(free.get(0)[1], free.get(1)[1], free.get(2)[2]));
    long left = RAGGED.size() * 12L - Arrays.stream(lengths(options)).sum();
    assertThat(left).isPositive();
    try (var counted = new Counting(model)) {
      var _ = new Generator(counted).generate(RAGGED, options);
      assertThat(counted.rows).isLessThanOrEqualTo(RAGGED.size() * 12L - left / 2);
    }
  }

  private static int[] lengths(Options options) {
    return new Generator(model).sample(RAGGED, 1, options).stream().mapToInt(g -> g.tokens().length).toArray();
  }

  @Test void tokensStreamInOrderUpToTheStop() {
    var free = generate(RAGGED, Options.greedy(10));
    long stop = free.get(1)[4];
    var seen = new ArrayList<List<Long>>();
    RAGGED.forEach(_ -> seen.add(new ArrayList<>()));
    var order = new ArrayList<Integer>();
    var options = Options.greedy(10).withStopTokens(Set.of(stop)).withPadToken(-7);
    var made = new Generator(model).generate(RAGGED, options, (row, token, index) -> {
      assertThat(seen.get(row)).hasSize(index);
      seen.get(row).add(token);
      order.add(index);
    });
    assertThat(order).isSorted();
    for (int i = 0; i < made.size(); i++) {
      var expected = new ArrayList<>(seen.get(i));
      int end = seen.get(i).indexOf(stop);
      assertThat(end).isIn(-1, seen.get(i).size() - 1);
      while (expected.size() < made.get(i).length) {
        expected.add(-7L);
      }
      assertThat(made.get(i)).containsExactly(expected.stream().mapToLong(Long::longValue).toArray());
      assertThat(seen.get(i)).isEqualTo(Arrays.stream(free.get(i)).limit(seen.get(i).size()).boxed().toList());
    }
    assertThat(seen.get(1).size()).isLessThanOrEqualTo(5);
  }

  @Test void whatCannotBeGeneratedIsRefusedBeforeWorkBegins() {
    var options = Options.greedy(5);
    assertThatThrownBy(() -> generate(List.of(), options)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no prompts");
    assertThatThrownBy(() -> generate(List.of(new long[] {1}, new long[0]), options)).hasMessageContaining("prompt 1 is empty");
    assertThatThrownBy(() -> generate(List.of(new long[] {1, model.vocabSize()}), options))
        .hasMessageContaining("token id " + model.vocabSize());
    assertThatThrownBy(() -> generate(RAGGED, Options.greedy(model.maxPositions() - 4)))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("together " + (model.maxPositions() + 1))
        .hasMessageContaining("at most " + (model.maxPositions() - 5));
  }

  /// Without and with packed weights; rows that share a prompt and leave.
  @Test void nothingLeaks() {
    for (int length : new int[] {6, 20}) {
      var free = Options.greedy(length).withSampling(SAMPLED);
      var options = free.withStopTokens(Set.of(generate(RAGGED, free).getFirst()[2]));
      var before = new Generator(model, 3).sample(RAGGED, 2, options);
      long objects = TensorScope.stats().nativeObjects();
      for (int i = 0; i < 3; i++) {
        assertThat(new Generator(model, 3).sample(RAGGED, 2, options)).usingRecursiveComparison().isEqualTo(before);
        assertThat(TensorScope.stats().live()).isZero();
        assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
      }
    }
  }

  @Test void aListenerThatThrowsLeavesNothingBehind() {
    var options = Options.greedy(20).withSampling(SAMPLED);
    var _ = generate(RAGGED, options);
    long objects = TensorScope.stats().nativeObjects();
    assertThatThrownBy(() -> new Generator(model).generate(RAGGED, options, (_, _, _) -> {
      throw new IllegalStateException("stop");
    })).hasMessage("stop");
    assertThat(TensorScope.stats().live()).isZero();
    assertThat(TensorScope.stats().nativeObjects()).isEqualTo(objects);
  }
}
