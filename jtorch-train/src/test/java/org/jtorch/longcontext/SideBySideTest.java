package org.jtorch.longcontext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import java.util.ArrayList;
import java.util.List;
import org.jtorch.attention.AttentionConfig.Span;
import org.jtorch.attention.Rope;
import org.jtorch.attention.RopeScaling;
import org.jtorch.data.RowSource;
import org.jtorch.decoder.Decoder;
import org.jtorch.family.Llama;
import org.jtorch.tensor.DType;
import org.jtorch.tensor.Device;
import org.jtorch.tensor.Rng;
import org.jtorch.tensor.ranks.Ranks;
import org.jtorch.train.Evaluator;
import org.junit.jupiter.api.Test;

class SideBySideTest {
  private static final int TRAINED = 32;

  @Test void variantsAreWhatTheirNamesSay() {
    var shape = Extending.shape(16, 2);
    var plain = ContextVariant.NONE.of(shape, TRAINED, 128);
    assertThat(plain).isEqualTo(shape.withContext(128));
    var both = ContextVariant.BOTH.of(shape, TRAINED, 128);
    assertThat(both.attention().span()).isEqualTo(new Span.DualChunk(TRAINED, 24));
    assertThat(both.attention().rope()).isEqualTo(new Rope(1_000, new RopeScaling.Yarn(4, TRAINED, 32, 1, true,
        RopeScaling.Yarn.defaultAttentionFactor(4))));
    assertThat(ContextVariant.YARN.of(shape, TRAINED, TRAINED)).as("at the trained length nothing is stretched").isEqualTo(shape);
    assertThat(ContextVariant.DUAL_CHUNK.of(shape, TRAINED, 64).attention().rope()).isEqualTo(shape.attention().rope());
    var window = shape.withAttention(gqa -> gqa.withSpan(new Span.Sliding(8)));
    assertThatThrownBy(() -> ContextVariant.BOTH.of(window, TRAINED, 64)).hasMessageContaining("dual chunk attention would have to replace Sliding");
    var bare = shape.withAttention(gqa -> gqa.withRope(null));
    assertThatThrownBy(() -> ContextVariant.YARN.of(bare, TRAINED, 64)).hasMessageContaining("layers without them");
  }

  /// Bits per byte are those of the plain evaluator, with an error that many alike rows do not have.
  @Test void textScoresAreTheEvaluators() {
    var rows = new Counting(6, TRAINED);
    try (var model = Decoder.create(Extending.shape(16, 1), Device.CPU, DType.F32, Rng.of(1))) {
      var plain = new Evaluator(rows, 500, 200, 4).score(model);
      var mine = new TextScore(rows, 500, 200, 4).of(model, Ranks.ALONE);
      assertThat(mine.bitsPerByte()).isCloseTo(plain.bitsPerByte(), offset(1e-5));
      assertThat(mine.loss()).isCloseTo(plain.loss(), offset(1e-5));
      assertThat(mine.standardError()).isPositive();
      assertThat(new TextScore(new Counting(1, TRAINED), 500, 200, 4).of(model).standardError()).isNaN();
      assertThat(new TextScore(new Same(rows), 500, 200, 4).of(model).standardError()).isLessThan(1e-5);
    }
  }

  @SuppressWarnings("MustBeClosedChecker")     // who scores closes it
  @Test void everyWayIsScoredAtEveryLength() {
    var shape = Llama.shape(NeedleRows.VOCAB, 16, 32, 1, 2, 2, 8, TRAINED, new Rope(1_000, RopeScaling.NONE), 1e-5, false);
    var heard = new ArrayList<SideBySide.Cell>();
    var cells = new SideBySide(TRAINED, List.of(1, 2), 128).score(shape, s -> Decoder.create(s, Device.CPU, DType.F32, Rng.of(1)),
        length -> new TextScore(new Counting(8, length), 900, 300, 2), heard::add);
    assertThat(cells).hasSize(8).isEqualTo(heard);
    assertThat(cells).extracting(SideBySide.Cell::length).containsExactly(32, 64, 32, 64, 32, 64, 32, 64);
    assertThat(cells.get(0).score()).as("up to the trained length YaRN is nothing").isEqualTo(cells.get(2).score());
    assertThat(cells.get(1).score()).isNotEqualTo(cells.get(3).score());
    assertThat(SideBySide.table(cells)).hasSize(5).first().asString().isEqualTo("bits/byte at          32          64");
    assertThat(SideBySide.table(cells).getLast()).startsWith("both  ");
    assertThatThrownBy(() -> new SideBySide(TRAINED, List.of(2, 2), 1)).hasMessageContaining("`multiples` must be different whole numbers");
  }

  /// Rows that count, each from its own number on.
  private record Counting(long rows, int seqLen) implements RowSource {
    @Override public void row(long index, long[] tokens, int[] segmentIds) {
      for (int i = 0; i <= seqLen; i++) {
        tokens[i] = (index * index + i) % NeedleRows.VOCAB;
        segmentIds[i] = 0;
      }
    }
  }

  /// The first row again and again.
  private record Same(RowSource of) implements RowSource {
    @Override public long rows() {
      return of.rows();
    }

    @Override public int seqLen() {
      return of.seqLen();
    }

    @Override public void row(long index, long[] tokens, int[] segmentIds) {
      of.row(0, tokens, segmentIds);
    }
  }
}
