package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MixedOrderTest {
  @ParameterizedTest @CsvSource({"3, 1", "1, 1", "99, 1", "0.2, 0.7", "5e6, 1e6"}) void everyPrefixHasTheShares(double a, double b) {
    var order = MixedOrder.of(7, new long[] {40, 1_000}, new double[] {a, b});
    long first = 0;
    for (long n = 1; n <= 5_000; n++) {
      first += order.rowAt(n - 1) < 40 ? 1 : 0;
      assertThat((double) first).isBetween(n * a / (a + b) - 5, n * a / (a + b) + 5);
      if (n % 256 == 0) {
        assertThat((double) first).isBetween(n * a / (a + b) - 1, n * a / (a + b) + 1);
      }
    }
  }

  @Test void threeToOneIsThreeToOneInEveryBatchOfFour() {
    var order = MixedOrder.of(1, new long[] {30, 20}, new double[] {3, 1});
    for (long step = 0; step < 500; step++) {
      assertThat(Arrays.stream(order.rowsOf(step, 4)).filter(row -> row < 30)).hasSize(3);
    }
  }

  @Test void eachSourceGoesThroughItsRowsBeforeItBeginsAgain() {
    var order = MixedOrder.of(3, new long[] {48, 100}, new double[] {1, 3});
    long[] first = LongStream.range(0, 10 * 256).map(order::rowAt).filter(row -> row < 48).toArray();
    assertThat(first).hasSize(640);
    for (int epoch = 0; epoch < 10; epoch++) {
      // blocks of 64 rows of this source are taken in another order within themselves
      long from = Math.max(0, epoch * 64L - 64);
      assertThat(new HashSet<>(LongStream.of(first).skip(from).limit(128).boxed().toList())).hasSize(48);
    }
    int[] times = new int[48];
    Arrays.stream(first).forEach(row -> times[(int) row]++);
    assertThat(times).containsOnly(13, 14);
  }

  @Test void anyStepIsTheSameWhereverOneStarts() {
    var order = MixedOrder.of(3, new long[] {50, 70, 9}, new double[] {1, 2, 0.5});
    var again = MixedOrder.of(3, new long[] {50, 70, 9}, new double[] {1, 2, 0.5});
    long[] late = again.rowsOf(1_000, 8);
    assertThat(late).isEqualTo(LongStream.range(8_000, 8_008).map(order::rowAt).toArray());
    assertThat(MixedOrder.of(4, new long[] {50, 70, 9}, new double[] {1, 2, 0.5}).rowsOf(1_000, 8)).isNotEqualTo(late);
  }

  @Test void sharesMustBePositive() {
    assertThatThrownBy(() -> MixedOrder.of(1, new long[] {5, 5}, new double[] {1, 0})).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("source 1").hasMessageContaining("0.0");
  }

  /// Short documents fill their rows less than long ones: what is seen 3 : 1 is tokens, not rows.
  @Test void theTokensThatAreSeenHaveTheWeights() throws IOException {
    Path home = Files.createTempDirectory("tokenizer");
    try (var tokenizer = Shards.tokenizer(home)) {
      int[] half = new int[90];
      Arrays.fill(half, 12);                                                    // one a row of 17: 12 of 16 inputs are text
      int[] full = new int[30];
      Arrays.fill(full, 17 * 8);
      var short12 = Shards.ofLengths(tokenizer, half);
      var long136 = Shards.ofLengths(tokenizer, full);
      try {
        var sources = List.of(RowSource.packed(short12, 16), RowSource.packed(long136, 16));
        var batches = TokenBatches.mixed(5, 8, sources, new double[] {3, 1});
        double[] seen = new double[2];
        for (long step = 0; step < 400; step++) {
          long[] rows = batches.order().rowsOf(step, 8);
          var batch = batches.at(step);
          for (int r = 0; r < rows.length; r++) {
            long text = Arrays.stream(batch.segmentIds(), r * 16, r * 16 + 16).filter(s -> s >= 0).count();
            seen[rows[r] < sources.getFirst().rows() ? 0 : 1] += text;
          }
        }
        assertThat(seen[0] / seen[1]).isBetween(2.85, 3.15);
      } finally {
        Shards.delete(short12);
        Shards.delete(long136);
      }
    } finally {
      Shards.delete(home);
    }
  }

  @Test void aSingleSourceComesAsItDidAlone() {
    record Rows(long rows, int seqLen) implements RowSource {
      @Override public void row(long index, long[] tokens, int[] segmentIds) {
        Arrays.fill(tokens, index);
        Arrays.fill(segmentIds, 0);
      }
    }
    var rows = new Rows(37, 4);
    assertThat(TokenBatches.mixed(9, 3, List.of(rows), new double[] {0.3}).order()).isEqualTo(new TokenBatches(9, 3, rows).order());
    var both = TokenBatches.mixed(9, 4, List.of(rows, new Rows(11, 4)), new double[] {1, 1});
    assertThat(both.order().rows()).isEqualTo(48);
    assertThat(both.at(0).tokens()).hasSize(16);
    assertThatThrownBy(() -> TokenBatches.mixed(9, 4, List.of(rows, new Rows(11, 5)), new double[] {1, 1}))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("4 and 5");
  }
}
