package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.jtorch.io.DataException;

class BatchOrderTest {
  /// Row r is the tokens r, r + 1, ...
  private record Counting(long rows, int seqLen) implements RowSource {
    @Override
    public void row(long index, long[] tokens, int[] segmentIds) {
      if (index < 0 || index >= rows) {
        throw new DataException("row " + index + " of " + rows);
      }
      Arrays.setAll(tokens, i -> index + i);
      Arrays.fill(segmentIds, 0);
    }
  }

  @Property(tries = 200)
  void everyEpochIsAPermutation(@ForAll long seed, @ForAll @IntRange(min = 1, max = 700) int rows, @ForAll @LongRange(min = 0, max = 1L << 40) long epoch) {
    var order = new BatchOrder(seed, rows);
    var seen = LongStream.range(0, rows).map(i -> order.row(epoch, i)).sorted().toArray();
    assertThat(seen).isEqualTo(LongStream.range(0, rows).toArray());
  }

  @Property(tries = 100)
  void stepsAreTheSameWhereverOneStarts(@ForAll long seed, @ForAll @IntRange(min = 5, max = 300) int rows,
      @ForAll @IntRange(min = 1, max = 5) int batch, @ForAll @LongRange(min = 0, max = 1L << 50) long step) {
    var order = new BatchOrder(seed, rows);
    long[] ids = new BatchOrder(seed, rows).rowsOf(step, batch);
    for (int i = 0; i < batch; i++) {
      assertThat(ids[i]).isEqualTo(order.rowAt(step * batch + i));
    }
  }

  @Test
  void epochsAndSeedsDiffer() {
    var order = new BatchOrder(1, 100);
    var orders = new HashSet<String>();
    for (int epoch = 0; epoch < 20; epoch++) {
      orders.add(Arrays.toString(order.rowsOf(epoch, 100)));
      orders.add(Arrays.toString(new BatchOrder(epoch + 2, 100).rowsOf(0, 100)));
    }
    assertThat(orders).hasSize(40);
  }

  /// Chi-squared over first rows of many epochs: 99 degrees of freedom, 1 in a million above 180.
  @Test
  void theFirstRowIsAnyRow() {
    var order = new BatchOrder(42, 100);
    int[] counts = new int[100];
    int[] neighbours = new int[100];
    for (int epoch = 0; epoch < 10_000; epoch++) {
      counts[(int) order.row(epoch, 0)]++;
      neighbours[(int) Math.floorMod(order.row(epoch, 8) - order.row(epoch, 7), 100L)]++;
    }
    assertThat(Arrays.stream(counts).mapToDouble(c -> (c - 100) * (c - 100) / 100.0).sum()).isLessThan(180);
    assertThat(Arrays.stream(neighbours).skip(1).mapToDouble(c -> (c - 101) * (c - 101) / 101.0).sum()).isLessThan(180);
  }

  @Test
  void largeCorporaAndBadArguments() {
    var order = new BatchOrder(3, (1L << 40) + 1);
    assertThat(LongStream.range(0, 1000).map(i -> order.row(7, i)).distinct().count()).isEqualTo(1000);
    assertThat(LongStream.range(0, 1000).map(i -> order.row(7, i))).allMatch(r -> r >= 0 && r <= 1L << 40);
    assertThatThrownBy(() -> new BatchOrder(1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> order.rowAt(-1)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aResumedPrefetcherGivesTheBatchesOfAnUnbrokenRun() {
    var batches = new TokenBatches(5, 4, new Counting(10, 3));
    try (var all = batches.prefetch(0, 2)) {
      for (int step = 0; step < 12; step++) {
        Batch batch = all.next();
        assertThat(batch).usingRecursiveComparison().isEqualTo(new TokenBatches(5, 4, new Counting(10, 3)).at(step));
        if (step == 7) {
          try (var resumed = batches.prefetch(7, 1)) {
            assertThat(resumed.next().tokens()).isEqualTo(batch.tokens());
          }
        }
      }
    }
    assertThat(batches.stepsPerEpoch()).isEqualTo(2);
    assertThat(batches.epochAt(5)).isEqualTo(2.0);
  }

  @Test
  void theOrderHashTellsOrdersApart() {
    var batches = new TokenBatches(5, 4, new Counting(10, 3));
    assertThat(batches.dataOrderHash(3)).isEqualTo(new TokenBatches(5, 4, new Counting(10, 7)).dataOrderHash(3));
    assertThat(LongStream.range(0, 50).map(batches::dataOrderHash).distinct().count()).isEqualTo(50);
    assertThat(batches.dataOrderHash(3)).isNotEqualTo(new TokenBatches(6, 4, new Counting(10, 3)).dataOrderHash(3));
  }

  @Test
  void failuresReachTheConsumer() {
    var good = new TokenBatches(5, 1, new Counting(10, 3)).at(0);
    try (var broken = new Prefetcher<>(step -> {
      if (step == 2) {
        throw new DataException("tokens.bin is damaged");
      }
      return good;
    }, 0, 4)) {
      assertThat(broken.next()).isSameAs(good);
      assertThat(broken.next()).isSameAs(good);
      assertThatThrownBy(broken::next).isInstanceOf(DataException.class).hasMessage("tokens.bin is damaged");
      assertThatThrownBy(broken::next).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
    }
    try (var broken = new Prefetcher<>(_ -> {
      throw new StackOverflowError("deep");
    }, 9, 1)) {
      assertThatThrownBy(broken::next).isInstanceOf(IllegalStateException.class).hasMessageContaining("step 9").hasMessageContaining("deep");
    }
  }

  @Test
  void badBatchesSayWhatIsAllowed() {
    assertThatThrownBy(() -> new TokenBatches(1, 11, new Counting(10, 3))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at most 10");
    assertThatThrownBy(() -> new TokenBatches(1, 0, new Counting(10, 3))).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TokenBatches(1, 1, new Counting(10, 3)).prefetch(0, 0)).isInstanceOf(IllegalArgumentException.class);
  }
}
