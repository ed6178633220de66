package org.jtorch.recipes.plan;

import org.jtorch.decoder.DecoderConfig;
import org.jspecify.annotations.Nullable;

/// The part of a workload that is measured: the workload itself where that is quick, else fewer rows, fewer layers, and a
/// smaller vocabulary.
final class Sample {
  /// Tokens below which products become less efficient.
  private static final int FEW_TOKENS = 512;
  /// What a step of the sample may take, in seconds, at the share of the product peak that steps usually reach.
  private static final double SECONDS = 1.2;
  private static final double USUAL_SHARE = 0.4;
  private static final long MOST_PARAMETERS = 150_000_000;

  private Sample() {}

  /// The largest sample that is quick enough and takes no more than a third of the memory; null if there is none.
  ///
  /// @param flops of products a second
  /// @param memory free bytes
  static @Nullable Workload of(Workload w, double flops, long memory) {
    double most = flops * USUAL_SHARE * SECONDS;
    long parameters = Math.min(MOST_PARAMETERS, memory / 3 / ModelBytes.each(w.dtype(), w.accumulate()));
    Workload s = w;
    while (s.flops() > most && s.rows() > 1 && s.tokens() / 2 >= FEW_TOKENS) {
      s = s.withRows(s.rows() / 2);
    }
    s = s.withShape(vocabulary(s.shape(), parameters / 2));
    while (s.shape().layers() > 1 && (s.flops() > most || s.shape().parameterCount() > parameters)) {
      s = s.withShape(layers(s.shape(), s.shape().layers() / 2));
    }
    while (s.flops() > most && s.rows() > 1) {
      s = s.withRows(s.rows() / 2);
    }
    return s.shape().parameterCount() > parameters || s.flops() > 10 * most ? null : s;
  }

  /// The first layers of a shape.
  static DecoderConfig layers(DecoderConfig shape, int n) {
    return shape.withBlocks(shape.blocks().subList(0, n));
  }

  private static DecoderConfig vocabulary(DecoderConfig shape, long parameters) {
    long rows = parameters / ((long) shape.dim() * (shape.tied() ? 1 : 2));
    return rows >= shape.vocab() ? shape : shape.withVocab((int) Math.max(1_024, rows));
  }
}
