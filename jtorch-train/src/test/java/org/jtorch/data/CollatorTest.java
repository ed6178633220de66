package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jtorch.chat.EncodedChat;
import org.junit.jupiter.api.Test;

class CollatorTest {
  private static final long NO = Batch.IGNORE;

  @Test void aChatIsPaddedOnTheRightAndItsAnswersAreLearned() {
    // the assistant wrote 8 and 9; a target is the next token, so positions 2 and 3 are trained
    var chat = new EncodedChat("", new long[] {5, 6, 7, 8, 9}, new boolean[] {false, false, false, true, true});
    var batch = new Collator(16, 4).batch(List.of(TokenRow.of(chat), TokenRow.of(3, 4)));
    assertThat(batch.rows()).isEqualTo(2);
    assertThat(batch.seqLen()).as("5 tokens, a multiple of 4").isEqualTo(8);
    assertThat(batch.tokens()).containsExactly(5, 6, 7, 8, 9, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0);
    assertThat(batch.targets()).containsExactly(NO, NO, 8, 9, NO, NO, NO, NO, 4, NO, NO, NO, NO, NO, NO, NO);
    assertThat(batch.segmentIds()).containsExactly(0, 0, 0, 0, 0, -1, -1, -1, 0, 0, -1, -1, -1, -1, -1, -1);
    assertThat(batch.positions()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(batch.weights()).as("0 and 1 say no more than the targets").isNull();
    assertThat(batch.trainedTokens()).isEqualTo(3);
    assertThat(batch.totalWeight()).isEqualTo(3);
  }

  @Test void weightsStandWhereTheirTokenIsTheTarget() {
    var batch = new Collator(16, 1).batch(List.of(new TokenRow(new long[] {1, 2, 3, 4}, new float[] {9, 0.5f, 0, 2}),
        TokenRow.of(new long[] {1}, new long[] {2, 3}).times(0.25f)));
    assertThat(batch.targets()).containsExactly(2, NO, 4, NO, 2, 3, NO, NO);
    assertThat(batch.weights()).containsExactly(0.5f, 0, 2, 0, 0.25f, 0.25f, 0, 0);
    assertThat(batch.totalWeight()).isEqualTo(3);
    assertThat(batch.slice(1, 1).weights()).containsExactly(0.25f, 0.25f, 0, 0);
    assertThat(batch.slice(0, 1).then(batch.slice(1, 1))).usingRecursiveComparison().isEqualTo(batch);
  }

  @Test void longRowsAreCutAndShapesAreFew() {
    var collator = new Collator(40, 16);
    var lengths = IntStream.rangeClosed(1, 100).map(n -> collator.batch(List.of(row(n))).seqLen()).distinct().toArray();
    assertThat(lengths).containsExactly(16, 32, 40);
    var cut = collator.batch(List.of(row(100)));
    assertThat(cut.tokens()).hasSize(40).endsWith(38, 39);
    assertThat(cut.targets()).endsWith(40);
  }

  private static TokenRow row(int n) {
    return TokenRow.of(LongStream.range(0, n).toArray());
  }

  @Test void pairsAreChosenRowsAndThenRejectedOnes() {
    var pairs = List.of(new Pair(TokenRow.of(1, 2, 3), TokenRow.of(1, 4)), new Pair(TokenRow.of(5, 6), TokenRow.of(5, 7, 8, 9)));
    var batch = new Collator(8, 1).pairs(pairs);
    assertThat(batch.pairs()).isEqualTo(2);
    assertThat(batch.chosen().tokens()).containsExactly(1, 2, 3, 0, 5, 6, 0, 0);
    assertThat(batch.rejected().tokens()).containsExactly(1, 4, 0, 0, 5, 7, 8, 9);
    var halves = batch.split(2);
    assertThat(halves.get(1).chosen().tokens()).containsExactly(5, 6, 0, 0);
    assertThat(halves.get(1).rejected().tokens()).containsExactly(5, 7, 8, 9);
    assertThat(batch.split(1)).containsExactly(batch);
    assertThatIllegalArgumentException().isThrownBy(() -> batch.split(3)).withMessageContaining("(3)").withMessageContaining("(2)");
    assertThatIllegalArgumentException().isThrownBy(() -> new PairBatch(batch.rows().slice(0, 3))).withMessageContaining("3 rows");
  }

  @Test void examplesComeInAnOrderThatTheStepDecides() {
    var rows = IntStream.range(0, 10).mapToObj(i -> TokenRow.of(i, i + 1)).toList();
    var batches = new ExampleBatches<>(3, 4, rows, new Collator(4, 1)::batch);
    var first = new ArrayList<Long>();
    for (int step = 0; step < 5; step++) {
      long[] tokens = batches.at(step).tokens();                        // two a row
      for (int i = 0; i < tokens.length; i += 2) {
        first.add(tokens[i]);
      }
    }
    var inputs = first.stream().toList();
    assertThat(inputs.subList(0, 10)).as("an epoch").containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L)
        .isNotEqualTo(inputs.subList(10, 20));
    try (var ahead = batches.prefetch(2, 2)) {
      assertThat(ahead.next().tokens()).isEqualTo(batches.at(2).tokens());
    }
    assertThat(batches.stepsPerEpoch()).isEqualTo(2);
    assertThatIllegalArgumentException().isThrownBy(() -> new ExampleBatches<>(3, 11, rows, Objects::requireNonNull))
        .withMessageContaining("11 examples of 10");
  }

  @Test void whatDoesNotFitTogetherIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> new TokenRow(new long[] {1, 2}, new float[1]))
        .withMessageContaining("2 ids but 1");
    assertThatIllegalArgumentException().isThrownBy(() -> new Collator(0, 1)).withMessageContaining("`maxLength` (0)");
    assertThatIllegalArgumentException().isThrownBy(() -> new Collator(8, 1).batch(List.of())).withMessageContaining("one row");
    var batch = new Collator(8, 1).batch(List.of(row(3)));
    assertThatIllegalArgumentException().isThrownBy(() -> batch.then(new Collator(8, 1).batch(List.of(row(5)))))
        .withMessageContaining("3 and 5");
  }
}
