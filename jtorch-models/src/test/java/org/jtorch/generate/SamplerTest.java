package org.jtorch.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jtorch.io.JsonFile;
import org.jtorch.io.SafeTensors;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Ops;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.Tensor;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplerTest {
  private static final Sampling WARM = Sampling.temperature(1);

  static Stream<Sampling> filters() {
    return Stream.of(WARM, WARM.withTemperature(0.7), WARM.withTopK(1), WARM.withTopK(7), WARM.withTopK(1000), WARM.withTopP(0.6),
        WARM.withMinP(0.1), WARM.withRepetitionPenalty(1.5), WARM.withRepetitionPenalty(0.6),
        new Sampling(0.8, 9, 0.9, 0, 1.2), new Sampling(1.3, 0, 0.8, 0.1, 1), new Sampling(1.1, 12, 1, 0.2, 1.1));
  }

  @Test void scoresEqualTheReference() {
    var folder = Fixture.folder("misc/sampling");
    var variants = JsonFile.open(folder.resolve("case.json")).objects("variants");
    try (var io = SafeTensors.open(folder.resolve("io.safetensors"))) {
      for (int i = 0; i < variants.size(); i++) {
        var v = variants.get(i);
        var sampling = new Sampling(v.optDouble("temperature", 1), v.optInt("top_k", 0), v.optDouble("top_p", 1),
            v.optDouble("min_p", 0), v.optDouble("penalty", 1));
        try (var _ = TensorScope.open()) {
          var scores = Sampler.of(sampling).scores(Fixture.tensor(io, "logits"), Fixture.tensor(io, "input_ids"));
          double[] expected = Fixture.tensor(io, "expected.v" + i + ".scores").toDoubles();
          double[] actual = scores.toDoubles();
          for (int j = 0; j < expected.length; j++) {
            assertThat(Double.isInfinite(actual[j])).as("%s entry %d kept", sampling, j).isEqualTo(Double.isInfinite(expected[j]));
            if (Double.isFinite(expected[j])) {
              assertThat(actual[j]).isCloseTo(expected[j], offset(1e-5 + 1e-5 * Math.abs(expected[j])));
            }
          }
        }
      }
    }
  }

  @Test void virtualTokensHaveNoScoreToLower() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Tensor.of(new float[] {2, -2, 4, 8}).view(1, 4);
      assertThat(Sampler.penalized(logits, Tensor.of(5, 0, 4, 1, 7).view(1, 5), 2).toDoubles()).containsExactly(1, -4, 4, 8);
      assertThat(logits.toDoubles()).containsExactly(2, -2, 4, 8);
    }
  }

  /// What is drawn follows the softmax of what [Sampler#scores] shows: χ² with a fixed seed.
  @ParameterizedTest @MethodSource("filters")
  void drawsFollowTheScores(Sampling sampling) {
    int draws = 20_000;
    int V = 24;
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(5).normal(0, 2, DType.F32, Device.CPU, 1, V);
      Tensor seen = Tensor.of(new long[] {3, 3, 8, 1}).view(1, 4);
      var sampler = Sampler.of(sampling);
      double[] p = sampler.scores(logits, seen).softmax(-1).toDoubles();
      long[] drawn = sampler.next(logits.expand(draws, V).contiguous(), seen.expand(draws, 4).contiguous(),
          uniforms(1, 0, draws, 1, Device.CPU)).toLongs();
      var counts = new double[V];
      Arrays.stream(drawn).forEach(t -> counts[(int) t]++);
      double chi = 0;
      for (int i = 0; i < V; i++) {
        if (p[i] == 0) {
          assertThat(counts[i]).as("token %d is filtered out", i).isZero();
        } else {
          chi += Math.pow(counts[i] - draws * p[i], 2) / (draws * p[i]);
        }
      }
      assertThat(chi).isLessThan(60);           // 23 degrees of freedom at most: p < 5e-5
    }
  }

  /// One number a row and step. float64 `[rows, steps]`
  private static Tensor uniforms(long seed, long firstRow, int rows, int steps, Device device) {
    var all = IntStream.range(0, rows).boxed().flatMapToDouble(i -> Arrays.stream(RowStreams.of(seed, firstRow + i).uniforms(steps)));
    return RowStreams.column(all.toArray(), device).view(rows, steps);
  }

  /// The log-probability of what was drawn is that of the scores that [Sampler#scores] shows, and under the model that of its own.
  @ParameterizedTest @MethodSource("filters")
  void logProbabilitiesAreThoseOfTheScores(Sampling sampling) {
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(6).normal(0, 2, DType.F32, Device.CPU, 40, 700);
      Tensor seen = Ops.arange(0, 120, Device.CPU).view(40, 3);
      var sampler = Sampler.of(sampling);
      Tensor u = uniforms(3, 0, 40, 1, Device.CPU);
      var drawn = sampler.draw(logits, seen, u);
      Tensor at = drawn.tokens().unsqueeze(1);
      assertThat(drawn.tokens().toLongs()).containsExactly(sampler.next(logits, seen, u).toLongs());
      double[] expected = sampler.scores(logits, seen).to(DType.F64).logSoftmax(-1).gather(1, at).toDoubles();
      assertThat(drawn.logProbs().toDoubles()).containsExactly(expected, offset(1e-5));
      double[] model = logits.to(DType.F64).logSoftmax(-1).gather(1, at).toDoubles();
      assertThat(Sampler.logProbs(logits, drawn.tokens()).toDoubles()).containsExactly(model, offset(1e-5));
    }
  }

  @Test void whatIsCertainHasTheLogProbabilityZero() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Rng.of(6).normal(0, 2, DType.F32, Device.CPU, 3, 50);
      var drawn = Sampler.of(Sampling.GREEDY).draw(logits, Ops.zeros(DType.I64, Device.CPU, 3, 1), Ops.zeros(DType.F64, Device.CPU, 3, 1));
      assertThat(drawn.tokens().toLongs()).containsExactly(logits.argMax(-1).toLongs());
      assertThat(drawn.logProbs().toDoubles()).containsOnly(0);
    }
  }

  @Test void theLowestAndHighestNumberDrawTheEndsOfTheDistribution() {
    try (var _ = TensorScope.open()) {
      Tensor logits = Tensor.of(new float[] {1, 3, 2, -50, 1, 3, 2, -50}).view(2, 4);
      Tensor seen = Tensor.of(new long[] {0, 0}).view(2, 1);
      Tensor u = Tensor.of(0, 0.999999f).to(DType.F64).view(2, 1);
      assertThat(Sampler.of(WARM).next(logits, seen, u).toLongs()).containsExactly(0, 2);
      assertThat(Sampler.of(WARM.withTopK(3)).next(logits, seen, u).toLongs()).containsExactly(1, 0);
      assertThat(Sampler.of(WARM.withTopP(0.8)).next(logits, seen, u).toLongs()).containsExactly(1, 2);
    }
  }

  /// The shortcut for large vocabularies (no full sort) draws what the sort would draw, for peaked and for flat scores.
  @Test void topPOverALargeVocabularyNeedsNoSort() {
    int V = 5000;
    try (var _ = TensorScope.open()) {
      for (double spread : new double[] {0.01, 6}) {
        Tensor logits = Rng.of(2).normal(0, spread, DType.F32, Device.CPU, 4, V);
        Tensor seen = Ops.zeros(DType.I64, Device.CPU, 4, 1);
        var sampler = Sampler.of(WARM.withTopP(0.7));
        Tensor u = uniforms(3, 0, 4, 1, Device.CPU);
        var sorted = Ops.sort(sampler.scores(logits, seen).to(DType.F64), -1, true);
        Tensor sums = sorted.values().softmax(-1).cumsum(-1);
        Tensor at = sums.le(u.mul(sums.narrow(1, V - 1, 1))).sum(-1, true);
        assertThat(sampler.next(logits, seen, u).toLongs()).containsExactly(sorted.indices().gather(1, at).toLongs());
      }
    }
  }

  @Test void rowsDrawFromTheirOwnStreams() {
    try (var _ = TensorScope.open()) {
      double[] three = uniforms(9, 4, 3, 5, Device.CPU).toDoubles();
      double[] last = uniforms(9, 6, 1, 5, Device.CPU).toDoubles();
      assertThat(Arrays.copyOfRange(three, 10, 15)).containsExactly(last);
      assertThat(IntStream.range(0, 15).mapToDouble(i -> three[i]).distinct().count()).isEqualTo(15);
      assertThat(uniforms(10, 6, 1, 5, Device.CPU).toDoubles()).isNotEqualTo(last);
    }
  }

  @Test void settingsOutOfRangeAreRefusedByName() {
    assertThatThrownBy(() -> WARM.withTemperature(-1)).hasMessageContaining("`temperature` was -1.0");
    assertThatThrownBy(() -> WARM.withTopK(-1)).hasMessageContaining("`top_k` was -1");
    assertThatThrownBy(() -> WARM.withTopP(0)).hasMessageContaining("`top_p` was 0.0");
    assertThatThrownBy(() -> WARM.withMinP(1.5)).hasMessageContaining("`min_p` was 1.5");
    assertThatThrownBy(() -> WARM.withRepetitionPenalty(Double.NaN)).hasMessageContaining("`repetition_penalty` was NaN");
    assertThatThrownBy(() -> Options.greedy(0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("max_new_tokens");
  }
}
