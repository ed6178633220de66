package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.jtorch.io.DataException;
import org.jtorch.text.Tokenizer;

class RowSourceTest {
  private static Tokenizer tokenizer;

  @BeforeAll
  @BeforeContainer
  static void load() throws IOException {
    Path folder = Files.createTempDirectory("tokenizer");
    tokenizer = Shards.tokenizer(folder);
    Shards.delete(folder);
  }

  @AfterAll
  @AfterContainer
  static void close() {
    tokenizer.close();
  }

  @Property(tries = 60)
  void packingTrainsEveryTokenOnceAndCutsOnlyLongDocuments(
      @ForAll @Size(min = 1, max = 40) List<@IntRange(min = 1, max = 70) Integer> lengths, @ForAll @IntRange(min = 1, max = 24) int seqLen) {
    lengths.add(2);
    var shards = Shards.ofLengths(tokenizer, lengths.stream().mapToInt(i -> i).toArray());
    try {
      var rows = RowSource.packed(shards, seqLen);
      var wanted = new TreeMap<String, Integer>();
      shards.forEachDocument(ids -> {
        for (int at = 0; ids.length - at > 1; at += seqLen) {
          wanted.merge(Arrays.toString(Arrays.copyOfRange(ids, at, Math.min(ids.length, at + seqLen + 1))), 1, Integer::sum);
        }
      });
      assertThat(segments(rows, seqLen)).isEqualTo(wanted);
    } finally {
      Shards.delete(shards);
    }
  }

  /// The pieces of all rows, after checking that each row is segments 0, 1, ... and then padding.
  private static TreeMap<String, Integer> segments(RowSource rows, int seqLen) {
    var found = new TreeMap<String, Integer>();
    long[] tokens = new long[seqLen + 1];
    int[] segments = new int[seqLen + 1];
    for (long r = 0; r < rows.rows(); r++) {
      rows.row(r, tokens, segments);
      int from = 0;
      for (int segment = 0; from <= seqLen && segments[from] >= 0; segment++) {
        int to = from;
        while (to <= seqLen && segments[to] == segment) {
          to++;
        }
        assertThat(to).isGreaterThan(from);
        found.merge(Arrays.toString(Arrays.copyOfRange(tokens, from, to)), 1, Integer::sum);
        from = to;
      }
      assertThat(Arrays.stream(segments, from, seqLen + 1)).allMatch(s -> s == -1);
      assertThat(Arrays.stream(tokens, from, seqLen + 1)).allMatch(t -> t == 0);
    }
    return found;
  }

  @Property(tries = 60)
  void concatenationGivesTheWholeStream(
      @ForAll @Size(min = 1, max = 30) List<@IntRange(min = 1, max = 30) Integer> lengths, @ForAll @IntRange(min = 1, max = 24) int seqLen) {
    lengths.add(25);
    var shards = Shards.ofLengths(tokenizer, lengths.stream().mapToInt(i -> i).toArray());
    try {
      var rows = RowSource.concatenated(shards, seqLen);
      long[] tokens = new long[seqLen + 1];
      int[] segments = new int[seqLen + 1];
      long next = 0;
      for (long r = 0; r < rows.rows(); r++) {
        rows.row(r, tokens, segments);
        assertThat(next).isEqualTo(r * seqLen);
        for (int i = 0; i <= seqLen && segments[i] >= 0; i++, next++) {
          assertThat(tokens[i]).isEqualTo(next % 250 + 1);
          assertThat(segments[i]).isEqualTo((int) (shards.documentAt(next) - shards.documentAt(r * seqLen)));
        }
        next--;
      }
      assertThat(next + 1).isEqualTo(shards.tokens());
    } finally {
      Shards.delete(shards);
    }
  }

  @Test
  void bestFitFillsTheFullestRowThatHasRoom() {
    var shards = Shards.ofLengths(tokenizer, 3, 7, 4, 6, 5, 5);
    var rows = RowSource.packed(shards, 9);
    assertThat(rows.rows()).isEqualTo(3);
    long[] tokens = new long[10];
    int[] segments = new int[10];
    rows.row(0, tokens, segments);
    assertThat(segments).containsExactly(0, 0, 0, 1, 1, 1, 1, 1, 1, 1);
    assertThat(tokens).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    assertThatThrownBy(() -> rows.row(3, tokens, segments)).isInstanceOf(IndexOutOfBoundsException.class);
    Shards.delete(shards);
  }

  @Test
  void batchesMaskTheBoundariesOfDocuments() {
    var shards = Shards.ofLengths(tokenizer, 4, 3, 2);
    Batch packed = TokenBatches.gather(RowSource.packed(shards, 6), 0, 1);
    assertThat(packed.tokens()).containsExactly(1, 2, 3, 4, 5, 6, 8, 9, 0, 0, 0, 0);
    assertThat(packed.targets()).containsExactly(2, 3, 4, -100, 6, 7, 9, -100, -100, -100, -100, -100);
    assertThat(packed.segmentIds()).containsExactly(0, 0, 0, 0, 1, 1, 0, 0, -1, -1, -1, -1);
    assertThat(packed.positions()).containsExactly(0, 1, 2, 3, 0, 1, 0, 1, 0, 1, 2, 3);
    assertThat(packed.trainedTokens()).isEqualTo(6);
    assertThat(packed.slice(1, 1).targets()).containsExactly(9, -100, -100, -100, -100, -100);
    assertThat(packed.slice(0, 1).trainedTokens()).isEqualTo(5);
    Batch chunk = TokenBatches.gather(RowSource.concatenated(shards, 6), 0);
    assertThat(chunk.targets()).containsExactly(2, 3, 4, -100, 6, 7);
    Shards.delete(shards);
  }

  @Test
  void tooLittleDataSaysWhatToDo() {
    var shards = Shards.ofLengths(tokenizer, 1, 1, 1);
    assertThatThrownBy(() -> RowSource.concatenated(shards, 3)).isInstanceOf(DataException.class).hasMessageContaining("3 tokens");
    assertThatThrownBy(() -> RowSource.packed(shards, 3)).isInstanceOf(DataException.class).hasMessageContaining("nothing to predict");
    assertThatThrownBy(() -> RowSource.packed(shards, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("512");
    assertThatThrownBy(() -> new TokenBatches(1, 3, RowSource.concatenated(shards, 1))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 rows").hasMessageContaining("2 rows");
    Shards.delete(shards);
  }
}
