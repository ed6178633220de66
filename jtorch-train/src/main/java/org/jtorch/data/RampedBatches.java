package org.jtorch.data;

import java.util.Arrays;
import java.util.List;

/// Batches that grow as a [BatchRamp] says. The corpus is laid out in rows as long as the longest, and they come in one order: a phase with
/// shorter rows cuts each into pieces, which are rows of their own with positions from 0. So no phase sees again what an earlier one
/// saw, and a step's batch is a function of (seed, step) as any.
public final class RampedBatches implements BatchSource<Batch> {
  private final TokenBatches rows;
  private final BatchRamp ramp;

  /// @param sources of rows as long as the ramp's longest
  /// @param weights one for each source: any positive numbers
  public RampedBatches(long seed, BatchRamp ramp, List<RowSource> sources, double[] weights) {
    sources.forEach(source -> {
      if (source.seqLen() != ramp.longest()) {
        throw new IllegalArgumentException("the rows have " + source.seqLen() + " tokens but the ramp's longest have " + ramp.longest());
      }
    });
    this.rows = TokenBatches.mixed(seed, 1, sources, weights);
    this.ramp = ramp;
  }

  @Override
  public Batch at(long step) {
    var at = ramp.at(step);
    int longest = ramp.longest();
    Batch whole = rows.rows(at.tokens() / longest, (int) (at.phase().stepTokens() / longest));
    return cut(whole, at.phase().seqLen());
  }

  /// The same tokens in shorter rows.
  private static Batch cut(Batch whole, int seqLen) {
    if (seqLen == whole.seqLen()) {
      return whole;
    }
    int[] segments = whole.segmentIds();
    int[] positions = new int[segments.length];
    for (int i = 0, start = 0; i < positions.length; i++) {
      start = i % seqLen == 0 || segments[i] != segments[i - 1] ? i : start;
      positions[i] = i - start;
    }
    return new Batch(whole.rows() * (whole.seqLen() / seqLen), seqLen, whole.tokens(), whole.targets(), fromZero(segments, seqLen), positions,
        whole.trainedTokens(), whole.weights());
  }

  /// Documents are counted from 0 in each row.
  private static int[] fromZero(int[] segments, int seqLen) {
    int[] counted = Arrays.copyOf(segments, segments.length);
    for (int i = 0; i < counted.length; i++) {
      counted[i] -= counted[i] < 0 ? 0 : segments[i - i % seqLen];
    }
    return counted;
  }

  @Override
  public RowOrder order() {
    return rows.order();
  }

  /// Rows of the first step.
  @Override
  public int batch() {
    return ramp.phases().getFirst().batch();
  }

  /// The tokens of the longest rows.
  public int seqLen() {
    return ramp.longest();
  }

  /// Rows of a micro-batch, so that it has as many tokens in every phase as in the first.
  ///
  /// @param accumulate micro-batches of the first step
  public int microRows(Batch batch, int accumulate) {
    var first = ramp.phases().getFirst();
    return (int) Math.max(1, first.stepTokens() / accumulate / batch.seqLen());
  }

  @Override
  public long stepsPerEpoch() {
    return ramp.stepsFor((double) order().rows() * ramp.longest());
  }

  @Override
  public double epochAt(long step) {
    return ramp.at(step).tokens() / (double) ramp.longest() / order().rows();
  }
}
