package org.jtorch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RampedBatchesTest {
  private static final BatchRamp LLAMA = new BatchRamp(List.of(new BatchRamp.Phase(0, 1_024, 4_096), new BatchRamp.Phase(252_000_000, 1_024, 8_192),
      new BatchRamp.Phase(2_870_000_000_000L, 2_048, 8_192)));

  /// Rows of 8 tokens that count on: row r is 8 r, 8 r + 1, ..., in two documents of 5 and 4 tokens.
  private static final RowSource ROWS = new RowSource() {
    @Override public long rows() {
      return 16;
    }

    @Override public int seqLen() {
      return 8;
    }

    @Override public void row(long index, long[] tokens, int[] segmentIds) {
      for (int i = 0; i < 9; i++) {
        tokens[i] = 8 * index + i;
        segmentIds[i] = i < 5 ? 0 : 1;
      }
    }
  };

  private static RampedBatches ramped() {
    var ramp = new BatchRamp(List.of(new BatchRamp.Phase(0, 2, 4), new BatchRamp.Phase(20, 2, 8), new BatchRamp.Phase(60, 4, 8)));
    return new RampedBatches(1, ramp, List.of(ROWS), new double[] {1});
  }

  @Test void phasesBeginAtTheFirstStepThatHasTheTokens() {
    long first = Math.ceilDiv(252_000_000L, 4_194_304L);                         // 61 steps of 4M tokens
    assertThat(LLAMA.at(first - 1).phase().seqLen()).isEqualTo(4_096);
    assertThat(LLAMA.at(first).phase().stepTokens()).isEqualTo(8_388_608);
    assertThat(LLAMA.at(first).tokens()).isEqualTo(first * 4_194_304);
    long second = first + Math.ceilDiv(2_870_000_000_000L - first * 4_194_304, 8_388_608L);
    assertThat(LLAMA.at(second - 1).phase().batch()).isEqualTo(1_024);
    assertThat(LLAMA.at(second).phase().batch()).isEqualTo(2_048);
  }

  @Test void stepsForTokensAndTokensOfStepsAgree() {
    for (double tokens : new double[] {1, 4_194_304, 252e6, 253e6, 2.87e12, 2.88e12, 15.6e12}) {
      long steps = LLAMA.stepsFor(tokens);
      assertThat((double) LLAMA.at(steps).tokens()).isGreaterThanOrEqualTo(tokens);
      assertThat((double) LLAMA.at(steps - 1).tokens()).isLessThan(tokens);
    }
  }

  /// 3 steps of 8 tokens, 3 of 16, 1 of 32: the epoch of 128 ends within the next.
  @Test void noTokenOfAnEpochComesTwiceWhateverTheRowsAre() {
    var batches = ramped();
    var seen = new ArrayList<Long>();
    for (long step = 0; step < 7; step++) {
      seen.addAll(LongStream.of(batches.at(step).tokens()).boxed().toList());
    }
    assertThat(seen).doesNotHaveDuplicates().hasSize(104);
    assertThat(batches.stepsPerEpoch()).isEqualTo(8);
  }

  @Test void shortRowsArePiecesWithPositionsOfTheirOwn() {
    Batch piece = ramped().at(0);
    Batch whole = ramped().at(3);
    assertThat(piece.rows()).isEqualTo(2);
    assertThat(piece.seqLen()).isEqualTo(4);
    assertThat(piece.positions()).containsExactly(0, 1, 2, 3, 0, 0, 1, 2);
    assertThat(piece.segmentIds()).containsExactly(0, 0, 0, 0, 0, 1, 1, 1);
    assertThat(piece.targets()[3]).as("the next piece's first token is what this one ends with").isEqualTo(piece.tokens()[4]);
    assertThat(whole.seqLen()).isEqualTo(8);
    assertThat(whole.positions()).startsWith(0, 1, 2, 3, 4, 0, 1, 2);
  }

  @Test void aMicroBatchHasAsManyTokensInEveryPhase() {
    var batches = ramped();
    assertThat(batches.microRows(batches.at(0), 1)).isEqualTo(2);
    assertThat(batches.microRows(batches.at(3), 1)).isEqualTo(1);
  }

  @Test void rampsThatTheBatchCannotFollowAreRefused() {
    assertThatThrownBy(() -> new BatchRamp(List.of(new BatchRamp.Phase(0, 3, 4), new BatchRamp.Phase(10, 3, 8))))
        .hasMessageContaining("the batch cannot follow the ramp: 3 rows of 4 tokens").hasMessageContaining("multiple of 2");
    assertThatThrownBy(() -> new BatchRamp(List.of(new BatchRamp.Phase(0, 2, 6), new BatchRamp.Phase(10, 2, 8))))
        .hasMessageContaining("do not cut into rows of 6");
    assertThatThrownBy(() -> new BatchRamp(List.of(new BatchRamp.Phase(0, 2, 4), new BatchRamp.Phase(10, 2, 8), new BatchRamp.Phase(10, 4, 8))))
        .hasMessageContaining("one after the other");
  }
}
