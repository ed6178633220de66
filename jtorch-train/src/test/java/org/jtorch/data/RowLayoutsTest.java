package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.jtorch.text.Tokenizer;

/// Rows without bounds between documents, and packing in more than one window.
class RowLayoutsTest {
  private static Path home = Path.of("");
  private static Tokenizer tokenizer;

  @BeforeAll static void load() throws IOException {
    home = Files.createTempDirectory("tokenizer");
    tokenizer = Shards.tokenizer(home);
  }

  @AfterAll static void close() {
    tokenizer.close();
    Shards.delete(home);
  }

  @Test void withoutAMaskARowIsOneText() {
    var shards = Shards.ofLengths(tokenizer, 3, 4, 5, 7);
    try {
      var batch = TokenBatches.gather(RowSource.unmasked(RowSource.concatenated(shards, 8)), 0, 1, 2);
      assertThat(batch.positions()).startsWith(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
      assertThat(Arrays.copyOf(batch.segmentIds(), 16)).containsOnly(0);
      assertThat(Arrays.copyOf(batch.targets(), 16)).isEqualTo(LongStream.rangeClosed(2, 17).toArray());
      assertThat(batch.trainedTokens()).as("every token but the first is predicted").isEqualTo(18);
      assertThat(TokenBatches.gather(RowSource.unmasked(RowSource.concatenated(shards, 8)), 0, 1).segmented())
          .as("attention gets no mask").isFalse();
      assertThat(TokenBatches.gather(RowSource.concatenated(shards, 8), 0, 1).segmented()).isTrue();
    } finally {
      Shards.delete(shards);
    }
  }

  @Test void withoutAMaskPaddingStaysPadding() {
    var shards = Shards.ofLengths(tokenizer, 5, 2);
    try {
      var batch = TokenBatches.gather(RowSource.unmasked(RowSource.packed(shards, 9)), 0);
      assertThat(batch.segmentIds()).containsExactly(0, 0, 0, 0, 0, 0, 0, -1, -1);
      assertThat(batch.targets()).containsExactly(2, 3, 4, 5, 6, 7, Batch.IGNORE, Batch.IGNORE, Batch.IGNORE);
    } finally {
      Shards.delete(shards);
    }
  }

  @Test void severalWindowsHoldThePiecesOfOne() {
    var shards = Shards.ofLengths(tokenizer, IntStream.range(0, 300).map(i -> 1 + i * 37 % 50).toArray());
    try {
      var whole = Packing.plan(shards, 16, null);
      var windows = Packing.plan(shards, 16, null, 40);
      assertThat(pieces(windows)).containsExactlyInAnyOrderElementsOf(pieces(whole));
      assertThat(windows.rows()).isBetween(whole.rows(), whole.rows() * 11 / 10);
      assertThat(Packing.plan(shards, 16, null, 1 << 20).rows()).isEqualTo(whole.rows());
    } finally {
      Shards.delete(shards);
    }
  }

  /// The documents' parts, as text.
  private static ArrayList<String> pieces(RowSource rows) {
    var pieces = new ArrayList<String>();
    long[] tokens = new long[rows.seqLen() + 1];
    int[] segments = new int[rows.seqLen() + 1];
    for (long r = 0; r < rows.rows(); r++) {
      rows.row(r, tokens, segments);
      for (int from = 0, to; from < tokens.length && segments[from] >= 0; from = to) {
        for (to = from; to < tokens.length && segments[to] == segments[from]; to++) { }
        pieces.add(Arrays.toString(Arrays.copyOfRange(tokens, from, to)));
      }
    }
    return pieces;
  }

  @Test void aPlanLeavesNoFileBehind() throws IOException {
    var shards = Shards.ofLengths(tokenizer, 5, 6, 7);
    try {
      assertThat(RowSource.packed(shards, 4).rows()).isPositive();
      try (var files = Files.list(shards.folder())) {
        assertThat(files.map(f -> f.getFileName().toString()))
            .containsExactlyInAnyOrder(TokenShards.TOKENS_FILE, TokenShards.DOCUMENTS_FILE);
      }
    } finally {
      Shards.delete(shards);
    }
  }
}
