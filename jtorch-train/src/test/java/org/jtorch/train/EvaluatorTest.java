package org.jtorch.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.LongStream;
import org.jtorch.data.TokenBatches;
import org.jtorch.nn.Pass;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Grad;
import org.jtorch.tensor.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EvaluatorTest {
  private static final List<List<long[]>> ROWS = Tiny.rows(7);
  private static final long TOKENS = ROWS.stream().flatMap(List::stream).mapToLong(d -> d.length).sum();
  private static final long DOCUMENTS = ROWS.stream().mapToLong(List::size).sum();
  private static final long BYTES = 3 * TOKENS + 1;

  private static Evaluator evaluator(int batch) {
    return new Evaluator(new Tiny.Documents(ROWS), BYTES, TOKENS, batch);
  }

  @ParameterizedTest @ValueSource(ints = {1, 3, 7, 50}) void aUniformModelPaysLog2OfTheVocabularyForEveryToken(int batch) {
    try (var model = Tiny.model(DType.F32, 1)) {
      try (var _ = Grad.off()) {
        model.head().tensor().fillInPlace(0);
      }
      var score = evaluator(batch).score(model);
      assertThat(score.bitsPerByte()).isCloseTo(Math.log(Tiny.VOCAB) / Math.log(2) * TOKENS / BYTES, within(1e-6));
      assertThat(score.loss()).isCloseTo(Math.log(Tiny.VOCAB), within(1e-6));
      assertThat(score.perplexity()).isCloseTo(Tiny.VOCAB, within(1e-3));
      assertThat(score.predicted()).isEqualTo(TOKENS - DOCUMENTS);
    }
    assertThat(TensorScope.stats().live()).isZero();
  }

  @ParameterizedTest @ValueSource(ints = {1, 3, 50}) void anyBatchGivesTheSumOverDocumentsAlone(int batch) {
    try (var model = Tiny.model(DType.F32, 2)) {
      try (var _ = Grad.off()) {
        model.head().tensor().mulInPlace(20);
      }
      double sum = 0;
      for (var row : ROWS) {
        for (long[] document : row) {
          sum += negativeLogLikelihood(model, document);
        }
      }
      double first = DOCUMENTS * Math.log(Tiny.VOCAB);
      var score = evaluator(batch).score(model);
      assertThat(score.loss()).isCloseTo(sum / (TOKENS - DOCUMENTS), within(1e-5));
      assertThat(score.loss()).isNotCloseTo(Math.log(Tiny.VOCAB), within(1e-2));
      assertThat(score.bitsPerByte()).isCloseTo((sum + first) / Math.log(2) / BYTES, within(1e-5));
    }
  }

  private static double negativeLogLikelihood(org.jtorch.decoder.Decoder model, long[] document) {
    int n = document.length;
    try (var _ = TensorScope.open(); var _ = Grad.off()) {
      var p = model.apply(org.jtorch.tensor.Tensor.of(document).view(1, n), Pass.EMPTY).logSoftmax(-1);
      double sum = 0;
      for (int i = 0; i + 1 < n; i++) {
        sum -= p.select(1, i).select(1, document[i + 1]).item();
      }
      return sum;
    }
  }

  @Test void trainingAndValidationAgreeOnTheLoss() {
    try (var model = Tiny.model(DType.F32, 3); var optimizer = Tiny.adam(model)) {
      var batch = TokenBatches.gather(new Tiny.Documents(ROWS), LongStream.range(0, ROWS.size()).toArray());
      double trained = new Pretrainer(model, optimizer, Tiny.batches(7), Tiny.options(1)).gradients(batch).loss();
      optimizer.zeroGrad();
      assertThat(evaluator(2).score(model).loss()).isCloseTo(trained, within(1e-6));
    }
  }
}
